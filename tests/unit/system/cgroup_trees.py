"""Folders with the files that Linux shows a process in a container, as it writes them."""

from __future__ import annotations

from pathlib import Path

GIB = 2**30
TOTAL = 64 * GIB
NO_LIMIT_V1 = 9_223_372_036_854_771_712

STAT_V2 = """\
anon 1207959552
file 2147483648
kernel 41156608
kernel_stack 1212416
pagetables 6885376
sock 0
shmem 0
file_mapped 110407680
inactive_anon 1207869440
active_anon 65536
inactive_file {inactive}
active_file {active}
unevictable 0
slab_reclaimable 20000000
slab 24000000
workingset_refault_file 125
pgfault 406184
pgmajfault 6
"""
STAT_V1 = """\
cache 2147483648
rss 1207959552
inactive_anon 420655104
inactive_file 1
active_file 5931008
hierarchical_memory_limit {hierarchical}
hierarchical_memsw_limit 9223372036854771712
total_cache 2147483648
total_rss 1207959552
total_inactive_anon 420655104
total_inactive_file {inactive}
total_active_file {active}
total_unevictable 0
"""
EVENTS = "low 0\nhigh 0\nmax 311\noom {kills}\noom_kill {kills}\noom_group_kill 0\n"
OOM_CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n"
CPU_STAT_V2 = """\
usage_usec {used}
user_usec 1
system_usec 1
core_sched.force_idle_usec 0
nr_periods {periods}
nr_throttled {throttled}
throttled_usec {waited}
nr_bursts 0
burst_usec 0
"""
CPU_STAT_V1 = "nr_periods {periods}\nnr_throttled {throttled}\nthrottled_time {waited}\n"
IO_STAT = """\
259:0 rbytes={read} wbytes={written} rios=12 wios=34 dbytes=0 dios=0
253:1 rbytes=1000 wbytes=0 rios=1 wios=0 dbytes=0 dios=0
7:0
"""


class Tree:
    """A root folder with ``proc`` and the mount points of control groups."""

    def __init__(self, root: Path, groups: str, mounts: str) -> None:
        self.root = root
        self.write("proc/self/cgroup", groups)
        before = "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        self.write("proc/self/mountinfo", before + mounts)

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def memory2(self, folder, limit="max", used=0, inactive=0, kills=0, active=0):
        self.write(f"{folder}/memory.max", f"{limit}\n")
        self.write(f"{folder}/memory.current", f"{used}\n")
        self.write(f"{folder}/memory.stat", STAT_V2.format(inactive=inactive, active=active))
        self.write(f"{folder}/memory.events", EVENTS.format(kills=kills))

    def cpu2(self, folder, quota="max 100000", used=0.0, periods=0, throttled=0, waited=0.0):
        self.write(f"{folder}/cpu.max", f"{quota}\n")
        stat = CPU_STAT_V2.format(
            used=round(used * 1e6),
            periods=periods,
            throttled=throttled,
            waited=round(waited * 1e6),
        )
        self.write(f"{folder}/cpu.stat", stat)

    def io2(self, folder, read, written):
        self.write(f"{folder}/io.stat", IO_STAT.format(read=read, written=written))

    def memory1(
        self,
        folder,
        limit=NO_LIMIT_V1,
        used=0,
        inactive=0,
        kills=0,
        hierarchical=None,
        active=0,
    ):
        self.write(f"{folder}/memory.limit_in_bytes", f"{limit}\n")
        self.write(f"{folder}/memory.usage_in_bytes", f"{used}\n")
        hierarchical = limit if hierarchical is None else hierarchical
        stat = STAT_V1.format(inactive=inactive, hierarchical=hierarchical, active=active)
        self.write(f"{folder}/memory.stat", stat)
        self.write(f"{folder}/memory.oom_control", OOM_CONTROL.format(kills=kills))

    def cpu1(self, folder, quota=-1, periods=0, throttled=0, waited=0.0):
        self.write(f"{folder}/cpu.cfs_quota_us", f"{quota}\n")
        self.write(f"{folder}/cpu.cfs_period_us", "100000\n")
        stat = CPU_STAT_V1.format(periods=periods, throttled=throttled, waited=round(waited * 1e9))
        self.write(f"{folder}/cpu.stat", stat)

    def account1(self, folder, used=0.0):
        self.write(f"{folder}/cpuacct.usage", f"{round(used * 1e9)}\n")


V2 = "/sys/fs/cgroup"
MOUNT_V2 = "30 23 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n"


def docker(root: Path) -> Tree:
    """Docker with version 2: a namespace of control groups, in which the container is the root."""
    return Tree(root, "0::/\n", MOUNT_V2)


KUBERNETES = {
    "burstable": "kubepods-burstable-pod6f1c.slice",
    "guaranteed": "kubepods-pod6f1c.slice",
}


def kubernetes(root: Path, quality: str) -> tuple[Tree, list[str]]:
    """A pod with version 2 and the host's namespace; returns the folders, the container's first."""
    slices = ["kubepods.slice"]
    if quality == "burstable":
        slices.append("kubepods-burstable.slice")
    slices += [KUBERNETES[quality], "cri-containerd-0a9f.scope"]
    folders = [f"{V2}/{'/'.join(slices[: n + 1])}" for n in range(len(slices))][::-1]
    path = folders[0].removeprefix(V2)
    return Tree(root, f"0::{path}\n", MOUNT_V2), folders


def systemd(root: Path) -> tuple[Tree, list[str]]:
    """A user's notebook server of JupyterHub's systemd spawner, in a slice of all of them."""
    path = "/jupyter.slice/jupyter-ada.service"
    tree = Tree(root, f"0::{path}\n", MOUNT_V2)
    return tree, [f"{V2}{path}", f"{V2}/jupyter.slice"]


V1_GROUPS = """\
12:blkio:{path}
11:memory:{path}
10:cpu,cpuacct:{path}
3:cpuset:{path}
1:name=systemd:{path}
"""
V1_MOUNTS = """\
40 36 0:33 {root} /sys/fs/cgroup/memory ro,nosuid,relatime master:17 - cgroup cgroup rw,memory
41 36 0:34 {root} /sys/fs/cgroup/cpu,cpuacct ro,relatime master:18 - cgroup cgroup rw,cpu,cpuacct
42 36 0:35 {root} /sys/fs/cgroup/cpuset ro,nosuid,relatime master:19 - cgroup cgroup rw,cpuset
43 36 0:36 {root} /sys/fs/cgroup/systemd ro,relatime master:9 - cgroup cgroup rw,name=systemd
"""
V1_MEMORY = "/sys/fs/cgroup/memory"
V1_CPU = "/sys/fs/cgroup/cpu,cpuacct"


def docker1(root: Path) -> Tree:
    """Docker with version 1: the container's groups are mounted, its path is that of the host."""
    path = "/docker/4be0f1"
    return Tree(root, V1_GROUPS.format(path=path), V1_MOUNTS.format(root=path))


def hybrid(root: Path) -> Tree:
    """Version 1 for the controllers, version 2 for systemd alone, which has none of them."""
    path = "/system.slice/jupyterhub.service"
    mounts = V1_MOUNTS.format(root="/")
    unified = "44 36 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
    return Tree(root, V1_GROUPS.format(path=path) + f"0::{path}\n", mounts + unified)
