#!/bin/bash
# Joins the parts that array.sh made, when all of them are done:
#   sbatch --dependency=afterok:ARRAY slurm/merge.sh N DIR [OPTIONS]
#SBATCH --job-name=convviz-merge
#SBATCH --ntasks=1
#SBATCH --time=1:00:00
#SBATCH --kill-on-invalid-dep=yes
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=convviz-merge-%j.log

program=${CONVVIZ_MPI:-build/release/src/convviz-mpi}
parts=${1:?number of parts} out=${2:?directory for the results}
shift 2

names=()
for ((i = 1; i <= parts; i++)); do names+=("$out.parts/$i"); done
# Queued again after its node failed in the middle, it starts anew over its own beginning.
[ "${SLURM_RESTART_COUNT:-0}" = 0 ] || set -- "$@" --overwrite
exec "$program" --merge "${names[@]}" --out "$out" "$@"
