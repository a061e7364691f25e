package sched

// An Op is what a task is about to do.
type Op uint8

const (
	Begin Op = iota // of an operation of the program under test, by its own word
	Load
	Store
	Swap
	CompareAndSwap
	Add
	And
	Or
	Lock
	TryLock
	Unlock
	RLock
	TryRLock
	RUnlock
	CondWait
	CondSignal
	GroupAdd
	GroupWait
	Once
	PoolGet
	PoolPut
	Gosched
)

var ops = [...]string{"begin", "load", "store", "swap", "compare and swap", "add", "and", "or", "lock", "try to lock", "unlock",
	"lock for reading", "try to lock for reading", "unlock for reading", "wait for condition", "signal condition", "add to group", "wait for group",
	"once", "get from pool", "put into pool", "let others run"}

func (o Op) String() string { return ops[o] }
