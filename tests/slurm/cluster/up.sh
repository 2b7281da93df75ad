#!/usr/bin/env bash
# up.sh BASE OWNER [NODES [CPUS [MEMORY]]]: a private Slurm cluster on this machine, for tests; run as
# root. All that it has is below BASE, a folder that is not there yet, and it is gone, BASE with it,
# at the latest half a second after the process OWNER. down.sh BASE ends it sooner.
#
# Node n0 is the controller and the place to submit from, n1 .. are the compute nodes, of CPUS
# processors and MEMORY megabytes each. They share the machine's files, and nothing else:
# BASE/on NODE COMMAND... runs a command on one of them in the directory where it is called.
# In n0, `ip link set vK down` unplugs node nK.
#
# Ends with 0 when jobs can be submitted; with 77 and the reason where this machine cannot do it at
# all; with 1 and the ends of the logs when it should have worked and did not.
set -u
here=$(cd "$(dirname "$0")" && pwd)
base=$1 owner=$2 nodes=${3:-2} cpus=${4:-2} memory=${5:-3000}
PATH=$PATH:/usr/sbin:/sbin

cannot() {
    echo "$*" >&2
    bash "$here/down.sh" "$base"
    exit 77
}

failed() {
    ! grep -qs "Operation not permitted" "$base"/log/*.log ||
        cannot "$*: $(grep -hs "Operation not permitted" "$base"/log/*.log | head -n 1)"
    echo "$*" >&2
    tail -n 20 "$base"/log/*.log >&2
    bash "$here/down.sh" "$base"
    exit 1
}

# --- can this machine do it? -----------------------------------------------------------------

[ "$(uname)" = Linux ] || cannot "the nodes of the test cluster need Linux"
[ "$(id -u)" = 0 ] || cannot "the nodes of the test cluster can be made by root only"
missing=
for program in slurmctld slurmd sbatch srun munged munge ip nsenter unshare setpriv; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ -z "$missing" ] || cannot "not installed:$missing (Debian: slurm-wlm munge iproute2 util-linux)"
why=$(timeout 20 unshare --net --uts --ipc --mount --pid --fork --kill-child --mount-proc bash -c '
    hostname n0 && mount -t tmpfs tmpfs /dev/shm && ip link set lo up &&
    ip link add br0 type bridge && ip link add v1 type veth peer name w1 &&
    ip link set v1 master br0' 2>&1) ||
    cannot "no namespaces with a network of their own here: ${why//$'\n'/; }"
# A socket's path has at most 107 bytes; the longest is the one of a step on a node.
[ ${#base} -le 70 ] || failed "too long for the sockets below it: $base"

# --- the nodes -------------------------------------------------------------------------------

mkdir -p "$base"/{log,run,state,spool} || exit 1
mkfifo "$base/run/keeper"
names=$(seq -f n%g 0 "$nodes")
# shellcheck disable=SC2086
setsid bash "$here/keeper.sh" "$base" "$owner" "${LIFE:-900}" $names </dev/null >/dev/null 2>&1 &
echo $! >"$base/run/keeper.id"

cat >"$base/on" <<END
#!/bin/sh
node=\$1
shift
export SLURM_CONF=$base/slurm.conf PATH=\$PATH:/usr/sbin:/sbin
read -r first <$base/run/\$node
exec nsenter -t "\$first" -n -u -i -m -p --wdns="\$PWD" -- "\$@"
END
chmod +x "$base/on"
for name in $names; do
    for _ in $(seq 500); do
        [ ! -e "$base/run/$name" ] || break
        sleep 0.02
    done
    [ -e "$base/run/$name" ] || failed "node $name did not start"
done

n0() {
    "$base/on" n0 "$@"
}

# --- Slurm -----------------------------------------------------------------------------------

# What shortens waiting: cred_expire is how long a requeued job waits (5 is the least; below it Slurm
# takes 120), KillWait how long srun and slurmd wait for what was told to end, SlurmdTimeout how long
# a node may be silent.
cat >"$base/slurm.conf" <<END
ClusterName=test
SlurmctldHost=n0(10.88.0.100)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$base/run/munge,cred_expire=5
StateSaveLocation=$base/state
SlurmdSpoolDir=$base/spool/%n
SlurmctldPidFile=$base/run/slurmctld.id
SlurmdPidFile=$base/run/slurmd.%n.id
SlurmctldLogFile=$base/log/slurmctld.log
SlurmdLogFile=$base/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0,sched_min_interval=0
ReturnToService=2
JobRequeue=1
KillWait=3
MessageTimeout=5
SlurmctldTimeout=10
EioTimeout=2
TCPTimeout=1
SlurmdTimeout=6
MinJobAge=3600
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
END
for k in $(seq "$nodes"); do
    echo "NodeName=n$k NodeAddr=10.88.0.$k CPUs=$cpus Boards=1 SocketsPerBoard=1" \
        "CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=$memory"
done >>"$base/slurm.conf"
echo "PartitionName=main Nodes=n[1-$nodes] Default=YES MaxTime=60 DefaultTime=5 DefMemPerCPU=256" \
    >>"$base/slurm.conf"
echo "CgroupPlugin=cgroup/v1" >"$base/cgroup.conf" # looking for it fails where none is mounted
# All nodes see one /tmp, where the plugin's files for one step would meet those of another node.
echo "PMIxCliTmpDirBase=/dev/shm" >"$base/mpi.conf"

{ n0 ip link add br0 type bridge && n0 ip addr add 10.88.0.100/24 dev br0 && n0 ip link set br0 up; } ||
    failed "no bridge"
# One munged: its socket is a file, which every node sees.
head -c 128 /dev/urandom >"$base/munge.key"
chmod 600 "$base/munge.key"
n0 munged --force --key-file="$base/munge.key" --socket="$base/run/munge" --pid-file="$base/run/munge.id" \
    --log-file="$base/log/munge.log" --seed-file="$base/run/munge.seed" >>"$base/log/munge.log" 2>&1
n0 munge --socket="$base/run/munge" --string=x >/dev/null ||
    cannot "munge does not work here: $(tail -n 3 "$base/log/munge.log")"
n0 slurmctld >>"$base/log/slurmctld.log" 2>&1 || failed "slurmctld did not start"
for k in $(seq "$nodes"); do
    bash "$here/node.sh" "$base" "$k" || failed "slurmd did not start on n$k"
done
for _ in $(seq 300); do
    [ "$(n0 sinfo --noheader -t idle -o %D 2>/dev/null)" != "$nodes" ] || exit 0
    sleep 0.2
done
failed "the nodes did not come up"
