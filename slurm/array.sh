#!/bin/bash
# A part of a job for each task of an array, without MPI between the tasks; merge.sh joins the parts:
#   sbatch --array=1-N slurm/array.sh N DIR jobs/atlas.ini [OPTIONS]
# Task I writes to DIR.parts/I. A task goes on by itself after its time limit, as job.sh does.
#SBATCH --job-name=convviz
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=64
#SBATCH --cpus-per-task=1
#SBATCH --time=4:00:00
#SBATCH --signal=B:USR1@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=convviz-%A_%a.log

program=${CONVVIZ_MPI:-build/release/src/convviz-mpi}
# N is said and not taken from the array: a task that is submitted again by itself is still I of N.
parts=${1:?number of parts} out=${2:?directory for the results}
shift 2
mkdir -p "$out.parts"

# See job.sh.
stop() {
  asked=yes
  [ -z "$mpirun" ] || kill -USR1 "$mpirun"
}
trap stop USR1 TERM

mpirun "$program" "$@" --shard "$SLURM_ARRAY_TASK_ID/$parts" --out "$out.parts/$SLURM_ARRAY_TASK_ID" --resume &
mpirun=$!
while asked=; wait "$mpirun"; code=$?; [ -n "$asked" ]; do :; done

again=
[ "$code" != 75 ] || again=yes
[ "$code" != 205 ] || { [ "$SECONDS" -lt 600 ] && [ "${SLURM_RESTART_COUNT:-0}" -ge 5 ]; } || again=yes
if [ -n "$again" ] && [ "$(squeue -h -j "$SLURM_JOB_ID" -o %T)" = RUNNING ]; then
  echo "ended with $code: queued again"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
