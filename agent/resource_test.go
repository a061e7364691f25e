package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mapsan/mapsan/binfo"
	"github.com/mapsan/mapsan/finding"
)

func TestContainer(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	other := strings.Repeat("f", 64)
	const pod = "3f9b1c2d-0a1b-4c3d-8e9f-0123456789ab"
	under := strings.ReplaceAll(pod, "-", "_")
	for _, test := range []struct{ name, cgroup, id, pod string }{
		{"docker, cgroup v2", "0::/system.slice/docker-" + id + ".scope\n", id, ""},
		{"docker, cgroup v1", "12:cpu,cpuacct:/docker/" + id + "\n1:name=systemd:/docker/" + id + "\n", id, ""},
		{"podman", "0::/machine.slice/libpod-" + id + ".scope/container", id, ""},
		{"containerd in Kubernetes, systemd", "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + under +
			".slice/cri-containerd-" + id + ".scope", id, pod},
		{"containerd in Kubernetes, cgroupfs", "0::/kubepods/besteffort/pod" + pod + "/" + id, id, pod},
		{"containerd, with colons", "0::/system.slice/containerd.service/kubepods-pod" + under + ".slice:cri-containerd:" + id, id, pod},
		{"CRI-O", "0::/kubepods.slice/kubepods-pod" + under + ".slice/crio-" + id + ".scope", id, pod},
		{"a static pod has no dashes", "0::/kubepods/pod" + strings.Repeat("ab", 16) + "/" + id, id, strings.Repeat("ab", 16)},
		{"docker in docker: the inner one", "0::/docker/" + other + "/docker/" + id, id, ""},
		{"in its own namespace", "0::/../cri-containerd-" + id + ".scope", id, ""},
		{"a login", "0::/user.slice/user-1000.slice/session-2.scope", "", ""},
		{"a service named like a pod", "0::/system.slice/podman.service", "", ""},
		{"too short", "0::/docker/" + id[:63], "", ""},
		{"too long", "0::/docker/" + id + "0", "", ""},
		{"nothing", "", "", ""},
		{"no line of the form", id, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if id, pod := container(test.cgroup); id != test.id || pod != test.pod {
				t.Errorf("container %q, pod %q", id, pod)
			}
		})
	}
}

func TestService(t *testing.T) {
	info := binfo.Info{GoVersion: "go1.26.8", GoBuildID: "b", Path: "example.com/cart/cmd/cart"}
	info.Settings = map[string]string{"vcs.revision": "abc"}
	base := finding.Resource{GoVersion: "go1.26.8", BuildID: "b", Main: "example.com/cart/cmd/cart", Revision: "abc"}
	for _, test := range []struct {
		name, environ, exe string
		want               func(r *finding.Resource)
	}{
		{"the program's name", "HOME=/\x00", "/usr/bin/cart", func(r *finding.Resource) { r.ServiceName = "cart" }},
		{"a deleted one", "", "/usr/bin/cart (deleted)", func(r *finding.Resource) { r.ServiceName = "cart" }},
		{"its own name", "A=1\x00OTEL_SERVICE_NAME=shop\x00", "/cart", func(r *finding.Resource) { r.ServiceName = "shop" }},
		{"attributes", "OTEL_RESOURCE_ATTRIBUTES=service.name=sh%20op, service.namespace=eu,k8s.pod.uid=u,container.id=c,host.name=h,password=x", "/cart",
			func(r *finding.Resource) {
				r.ServiceName, r.Namespace, r.PodUID, r.ContainerID, r.HostName = "sh op", "eu", "u", "c", "h"
			}},
		{"the name has precedence", "OTEL_RESOURCE_ATTRIBUTES=service.name=a\x00OTEL_SERVICE_NAME=b", "/cart", func(r *finding.Resource) { r.ServiceName = "b" }},
		{"also if it comes first", "OTEL_SERVICE_NAME=b\x00OTEL_RESOURCE_ATTRIBUTES=service.name=a", "/cart", func(r *finding.Resource) { r.ServiceName = "b" }},
		{"another variable", "MY_OTEL_SERVICE_NAME=b\x00", "/cart", func(r *finding.Resource) { r.ServiceName = "cart" }},
		{"no text", "OTEL_SERVICE_NAME=a\xffb\x00OTEL_RESOURCE_ATTRIBUTES=k8s.pod.uid=%ff%fe,host.name=h\xc3", "/cart",
			func(r *finding.Resource) { r.ServiceName, r.PodUID, r.HostName = "a\uFFFDb", "\uFFFD", "h\uFFFD" }},
		{"a program that is none", "", "/bin/ca\xffrt", func(r *finding.Resource) { r.ServiceName = "ca\uFFFDrt" }},
		{"a list that is none", "OTEL_RESOURCE_ATTRIBUTES=service.name=%zz,,=,x", "/cart", func(r *finding.Resource) { r.ServiceName = "cart" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := base
			test.want(&want)
			if diff := cmp.Diff(want, service(test.environ, "", test.exe, info)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
