#!/bin/bash
# One job on any number of nodes, which goes on by itself after its time limit or a preemption until all is done:
#   sbatch [OPTIONS OF SBATCH] slurm/job.sh jobs/atlas.ini [OPTIONS]
#SBATCH --job-name=convviz
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=64
#SBATCH --cpus-per-task=1
#SBATCH --time=4:00:00
#SBATCH --signal=B:USR1@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=convviz-%j.log

program=${CONVVIZ_MPI:-build/release/src/convviz-mpi}

# bash runs a trap only between commands, and `wait` is the one that a signal interrupts; so mpirun runs beside the
# shell. The shell alone is signalled (B:), and mpirun passes USR1 on to every rank.
stop() {
  asked=yes
  [ -z "$mpirun" ] || kill -USR1 "$mpirun"
}
trap stop USR1 TERM

mpirun "$program" "$@" --resume &
mpirun=$!
# A `wait` that a signal ended did not bring mpirun's exit code.
while asked=; wait "$mpirun"; code=$?; [ -n "$asked" ]; do :; done

# 75: the program stopped early. 205: mpirun lost a node, which it finds out long before Slurm does (SlurmdTimeout).
# A job that loses one within ten minutes although it was queued again five times stays failed: it would be lost again.
# scancel ends a job by TERM too, but then it is no longer RUNNING and stays cancelled.
again=
[ "$code" != 75 ] || again=yes
[ "$code" != 205 ] || { [ "$SECONDS" -lt 600 ] && [ "${SLURM_RESTART_COUNT:-0}" -ge 5 ]; } || again=yes
if [ -n "$again" ] && [ "$(squeue -h -j "$SLURM_JOB_ID" -o %T)" = RUNNING ]; then
  echo "ended with $code: queued again"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
