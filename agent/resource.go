package agent

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

// service says which service a process is: what OpenTelemetry's variables in its
// environment say, else its container's, else the program's name.
func service(environ, cgroup, exe string, info binfo.Info) finding.Resource {
	r := finding.Resource{GoVersion: info.GoVersion, BuildID: info.GoBuildID, Main: info.Path, Revision: info.Settings["vcs.revision"]}
	r.ContainerID, r.PodUID = container(cgroup)
	for v := range strings.SplitSeq(environ, "\x00") {
		name, value, _ := strings.Cut(v, "=")
		switch name {
		case "OTEL_SERVICE_NAME":
			r.ServiceName = value
		case "OTEL_RESOURCE_ATTRIBUTES":
			attributes(value, &r)
		}
	}
	if r.ServiceName == "" {
		// As OpenTelemetry's SDKs do, without their "unknown_service:".
		r.ServiceName = path.Base(strings.TrimSuffix(exe, " (deleted)"))
	}
	// A process may have any bytes there; who reads findings wants text.
	for _, s := range []*string{&r.ServiceName, &r.Namespace, &r.PodUID, &r.ContainerID, &r.HostName,
		&r.GoVersion, &r.BuildID, &r.Main, &r.Revision} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	return r
}

// attributes reads a list of key=value pairs with percent signs (the specification
// of OpenTelemetry's resource SDK). Of them, only those of a finding are kept;
// OTEL_SERVICE_NAME has precedence.
func attributes(list string, r *finding.Resource) {
	for pair := range strings.SplitSeq(list, ",") {
		key, value, _ := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if err != nil || value == "" {
			continue
		}
		switch strings.TrimSpace(key) {
		case "service.name":
			if r.ServiceName == "" {
				r.ServiceName = value
			}
		case "service.namespace":
			r.Namespace = value
		case "k8s.pod.uid":
			r.PodUID = value
		case "container.id":
			r.ContainerID = value
		case "host.name":
			r.HostName = value
		}
	}
}

// A container's id is 64 hexadecimal digits, the last ones in the path; before them
// its runtime puts its name (docker-, cri-containerd-, crio-, libpod-), behind them
// systemd's .scope. A pod's folder has its uid, with _ for - under systemd.
var (
	containerID = regexp.MustCompile(`(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:/|$)`)
	podUID      = regexp.MustCompile(`pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?:[/:]|$)`)
)

// container reads the lines of /proc/PID/cgroup, of either version.
func container(cgroup string) (id, pod string) {
	for line := range strings.Lines(cgroup) {
		// 0::/kubepods.slice/kubepods-burstable.slice/...
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if m := containerID.FindAllStringSubmatch(parts[2], -1); m != nil {
			id = m[len(m)-1][1]
		}
		if m := podUID.FindStringSubmatch(parts[2]); m != nil {
			pod = strings.ReplaceAll(m[1], "_", "-")
		}
	}
	return id, pod
}
