package cluster

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// programs are the programs of the machine that a cluster needs, with the Debian package of each.
func programs() [][2]string {
	return [][2]string{
		{"containerd", "containerd"}, {"ctr", "containerd"}, {"runc", "runc"}, {"etcd", "etcd-server"}, {"ip", "iproute2"},
		{"iptables", "iptables"}, {"ipset", "ipset"}, {"conntrack", "conntrack"}, {"go", "golang"},
	}
}

// kubepods is the group of all pods in each hierarchy of control groups.
const kubepods = "kubepods"

// Missing lists what the machine lacks to run a cluster, each with what to do.
func Missing() []string {
	var out []string
	if os.Geteuid() != 0 {
		out = append(out, "root: network namespaces, mounts and control groups need it")
	}
	for _, p := range programs() {
		if _, err := exec.LookPath(p[0]); err != nil {
			out = append(out, fmt.Sprintf("the program %s: apt-get install %s", p[0], p[1]))
		}
	}
	for _, name := range []string{"memory", "cpu", "pids"} {
		if !hasController(name) {
			out = append(out, fmt.Sprintf("the control group %s below %s", name, cgroups))
		}
	}
	for _, path := range []string{"/dev/kmsg", "/proc/sys/net/bridge", "/proc/sys/net/ipv4/ip_forward"} {
		if _, err := os.Stat(path); err != nil {
			out = append(out, path+": load br_netfilter, or use a kernel that has it")
		}
	}
	if !hasFileSystem("overlay") {
		out = append(out, "the file system overlay, in which containers are unpacked")
	}
	if len(groups()) > 0 {
		out = append(out, "a machine without a kubelet: "+groups()[0]+" is there; remove the group when no kubelet runs")
	}
	return out
}

const cgroups = "/sys/fs/cgroup"

// hasController reports whether a controller is usable, of either version of control groups.
func hasController(name string) bool {
	if data, err := os.ReadFile(filepath.Join(cgroups, "cgroup.controllers")); err == nil {
		return strings.Contains(" "+strings.TrimSpace(string(data))+" ", " "+name+" ")
	}
	_, err := os.Stat(filepath.Join(cgroups, name, "cgroup.procs"))
	return err == nil
}

func hasFileSystem(name string) bool {
	data, err := os.ReadFile("/proc/filesystems")
	return err == nil && strings.Contains(string(data), "\t"+name+"\n")
}

// groups are the groups of pods, one in each hierarchy.
func groups() []string {
	one, _ := filepath.Glob(filepath.Join(cgroups, kubepods)) // the pattern is constant
	all, _ := filepath.Glob(filepath.Join(cgroups, "*", kubepods))
	return append(one, all...)
}

// removeGroups removes the groups of pods that are gone, the innermost first.
func removeGroups() {
	for _, root := range groups() {
		var dirs []string
		_ = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		for _, dir := range slices.Backward(dirs) {
			_ = os.Remove(dir) // a group with processes stays
		}
	}
}

// tunables are the settings of the kernel that a kubelet changes for the whole machine.
func tunables() []string {
	return []string{
		"/proc/sys/vm/overcommit_memory", "/proc/sys/vm/panic_on_oom", "/proc/sys/kernel/panic",
		"/proc/sys/kernel/panic_on_oops", "/proc/sys/kernel/keys/root_maxkeys", "/proc/sys/kernel/keys/root_maxbytes",
	}
}

// keepTunables returns a function that restores the settings.
func keepTunables() (restore func()) {
	before := map[string][]byte{}
	for _, path := range tunables() {
		if data, err := os.ReadFile(path); err == nil {
			before[path] = data
		}
	}
	return func() {
		for path, data := range before {
			if now, err := os.ReadFile(path); err == nil && !bytes.Equal(now, data) {
				_ = os.WriteFile(path, data, 0o600) // the file is there
			}
		}
	}
}
