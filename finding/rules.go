package finding

// Severity says how bad a rule's findings are.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Rule documents one code. The command's help, SARIF and the documentation
// are made from it.
type Rule struct {
	Code     string
	Name     string // in the form that SARIF wants: one word in camel case
	Title    string
	Text     string
	Severity Severity
	Since    string
}

// The rules' codes.
const (
	WriteWrite = "MS1001"
	ReadWrite  = "MS1002"
	TornUpdate = "MS1501"
	LostUpdate = "MS1502"
)

// Rules are all rules, in the order of their codes.
var Rules = []Rule{
	{
		Code:  WriteWrite,
		Name:  "MapWriteWriteRace",
		Title: "two goroutines modify a map at once",
		Text: "Two goroutines modify one map and the Go memory model does not order the two. " +
			"The runtime may stop the process with `fatal error: concurrent map writes`, which cannot be recovered; " +
			"when it does not notice, entries are lost or the map is corrupted.",
		Severity: Error,
		Since:    "0.1.0",
	},
	{
		Code:  ReadWrite,
		Name:  "MapReadWriteRace",
		Title: "a goroutine reads a map while another modifies it",
		Text: "One goroutine reads a map, another modifies it, and the Go memory model does not order the two. " +
			"The runtime may stop the process with `fatal error: concurrent map read and map write` " +
			"(or `concurrent map iteration and map write`), which cannot be recovered; when it does not notice, " +
			"the reader sees missing, stale or torn entries.",
		Severity: Error,
		Since:    "0.1.0",
	},
	{
		Code:  TornUpdate,
		Name:  "KernelMapTornUpdate",
		Title: "two updates of one element of a kernel BPF array overlap",
		Text: "Two processors update one element of a BPF array of the kernel's at once. An array's element is copied in place, and " +
			"nothing keeps the two copies apart unless both say `BPF_F_LOCK`: of a value of more than one word, one half may stay of each.",
		Severity: Error,
		Since:    "0.1.0",
	},
	{
		Code:  LostUpdate,
		Name:  "KernelMapLostUpdate",
		Title: "an update of a kernel BPF map overwrites one that it did not know of",
		Text: "A process or an eBPF program looks up a key of a BPF map, another one updates that key, and the first one updates it " +
			"without looking again. If what it writes was made from what it had read, the other update is lost. Updates that do not " +
			"depend on what was read are harmless; values are not looked at, so that this cannot be told.",
		Severity: Warning,
		Since:    "0.1.0",
	},
}

// RuleByCode finds a rule.
func RuleByCode(code string) (Rule, bool) {
	for _, r := range Rules {
		if r.Code == code {
			return r, true
		}
	}
	return Rule{}, false
}

// RuleFor is the code for a race of two operations. Two reads are no race,
// and have no code.
func RuleFor(a, b Op) string {
	switch {
	case a.IsWrite() && b.IsWrite():
		return WriteWrite
	case a.IsWrite() || b.IsWrite():
		return ReadWrite
	}
	return ""
}
