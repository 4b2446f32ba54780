#!/usr/bin/env bash
# A small Slurm of its own for the tests, on the loopback of this machine: munge, a controller, and nodes.
#
#   cluster.sh FOLDER PORT
#
# Says `ready` once the nodes are idle, or `cannot: …` where there can be no cluster here, and takes everything
# down when its standard input ends: whoever started it may die of anything. Commands on standard input:
#   kill-controller, start-controller, kill-node N, start-node N; each is answered by `done`.
set -uo pipefail
folder=$1 port=$2 nodes=2 cpus=4

cannot() { echo "cannot: $*"; exit 0; }
[ "$(id -u)" = 0 ] || cannot "nodes of Slurm are started by root"
for program in munged slurmctld slurmd sbatch squeue scancel scontrol; do
    command -v "$program" >/dev/null || cannot "$program is not installed (Debian: slurmctld slurmd slurm-client munge)"
done

mkdir -p "$folder"/{state,spool,log,munge}
chmod 755 "$folder"
chmod 700 "$folder/munge"
head -c 1024 /dev/urandom >"$folder/munge/key"
chmod 400 "$folder/munge/key"
socket=$folder/munge.socket
host=$(hostname -s)
export SLURM_CONF=$folder/slurm.conf

# Nodes claim more than the machine has, and check nothing. Memory is watched once a second by reading /proc: there
# are no cgroups here. A node that is silent for 6 s is down. Jobs that are told to end have 3 s.
cat >"$SLURM_CONF" <<CONF
ClusterName=tests
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/controller.pid
SlurmdPidFile=$folder/%n.pid
SlurmctldLogFile=$folder/log/controller
SlurmdLogFile=$folder/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=400
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=50000
MaxArraySize=1001
SlurmdTimeout=6
SlurmctldTimeout=10
MessageTimeout=5
KillWait=3
MinJobAge=60
ReturnToService=2
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=8000 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10
CONF

controller() { slurmctld -f "$SLURM_CONF" >>"$folder/log/start" 2>&1; }
node() { slurmd -f "$SLURM_CONF" -N "n$1" >>"$folder/log/start" 2>&1; }
# Whether the process that a file names is the program that we started.
ours() { [ -s "$1" ] && [ "$(cat "/proc/$(cat "$1")/comm" 2>/dev/null)" = "$2" ]; }
# Whether a process has ended. Its entry stays until its parent has asked how, which may take longer than a job.
gone() { [ ! -d "/proc/$1" ] || grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"; }
end() { # FILE PROGRAM SIGNAL: ends it, and waits until it is gone.
    ours "$1" "$2" || return 0
    local pid; pid=$(cat "$1")
    kill "-$3" "$pid" 2>/dev/null
    for _ in $(seq 100); do gone "$pid" && return 0; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null
}
# Ends a process and all that it has started.
tree() {
    local child
    for child in $(pgrep -P "$1"); do tree "$child"; done
    kill -KILL "$1" 2>/dev/null
}
# What keeps one of our nodes' logs open is a step of a job, whose node may be gone.
steps() {
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2>/dev/null)" = slurmstepd ] || continue
        if ls -l "$process/fd" 2>/dev/null | grep -qF "$folder/log/${1:-n}"; then
            pid=${process#/proc/}
            tree "$pid"
        fi
    done
}
down() {
    ours "$folder/controller.pid" slurmctld && timeout 5 scancel --quiet --user=root 2>/dev/null && sleep 1
    for n in $(seq "$nodes"); do end "$folder/n$n.pid" slurmd TERM; done
    steps
    end "$folder/controller.pid" slurmctld TERM
    end "$folder/munged.pid" munged TERM
    rm -rf "$folder"
}
trap down EXIT

munged --force --num-threads=1 --key-file="$folder/munge/key" --socket="$socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/log/munge" --seed-file="$folder/munge/seed" >>"$folder/log/start" 2>&1 ||
    cannot "munged does not start: $(tail -1 "$folder/log/start")"
controller || cannot "slurmctld does not start: $(tail -1 "$folder/log/start")"
for n in $(seq "$nodes"); do
    node "$n" || cannot "slurmd does not start: $(tail -1 "$folder/log/start")"
done
for _ in $(seq 150); do
    [ "$(timeout 5 sinfo -h -N -t idle -o %N 2>/dev/null | sort -u | wc -l)" = "$nodes" ] && break
    sleep 0.1
done
[ "$(timeout 5 sinfo -h -N -t idle -o %N 2>/dev/null | sort -u | wc -l)" = "$nodes" ] || cannot "its nodes do not come up"
echo ready

while read -r what which; do
    case $what in
        kill-controller) end "$folder/controller.pid" slurmctld KILL ;;
        start-controller) controller ;;
        kill-node) end "$folder/n$which.pid" slurmd KILL; steps "n$which" ;;
        start-node) node "$which" ;;
    esac
    echo "done"
done
