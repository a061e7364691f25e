package main

// A suite is a test binary whose benchmarks are run.
type suite struct {
	name string
	// pkg is an import path of the standard library, or a directory below
	// testdata with a module of its own.
	pkg string
	// bench chooses among its benchmarks, as -test.bench does.
	bench string
	micro bool
}

// suites are the micro-benchmarks and those of the standard library. Left out
// are benchmarks that take seconds for one operation, that move megabytes (the
// kernel's time), or that a run in all modes would make to last for hours.
var suites = []suite{
	{name: "micro", pkg: "micro", bench: ".", micro: true},
	{name: "net/http", pkg: "net/http", bench: "^(HeaderWriteSubset|ReadRequestChrome|ServeMux|ClientServer|ClientServerParallel|ServerFakeConnNoKeepAlive|ServerFakeConnWithKeepAliveLite|ServerHandlerNoHeader|ServerMatch|CookieString|CopyValues)$"},
	{name: "sync", pkg: "sync", bench: "^(Cond4|MapLoadMostlyHits|MapLoadOrStoreBalanced|MapLoadAndDeleteBalanced|MapRange|MapSwapMostlyHits|MutexUncontended|Mutex|MutexWork|Once|OnceFunc|Pool|RWMutexUncontended|RWMutexWrite100|WaitGroupUncontended|WaitGroupAddDone|WaitGroupActuallyWait)$"},
	{name: "database/sql", pkg: "database/sql", bench: "^(ConcurrentDBExec|ConcurrentStmtQuery|ConcurrentTxExec|ManyConcurrentQueries|GrabConn|ConnRequestSet)$"},
	{name: "go/types", pkg: "go/types", bench: "^(Named|Check/(http|ast)$|LookupFieldOrMethod)"},
	{name: "encoding/json", pkg: "encoding/json", bench: "^(CodeEncoder|CodeMarshal|MarshalMap|CodeDecoder|CodeUnmarshal|UnmarshalMap|UnmarshalString|EncoderEncode|EncodeMarshaler|Unmapped)$"},
	{name: "os/exec", pkg: "os/exec", bench: "^ExecHostname$"},
	{name: "log/slog", pkg: "log/slog", bench: "^(JSONHandler|Preformatting|NopLog|Record|AppendKey)$"},
	{name: "testing", pkg: "testing", bench: "^TBHelper$"},
	{name: "context", pkg: "context", bench: "^(CommonParentCancel|CancelTree|CheckCanceled|ContextCancelDone|WithTimeout|ErrOK|DeepValueSameGoRoutine)$"},
	{name: "time", pkg: "time", bench: "^(AfterFunc1000|After|Stop|StartStop1000|Reset|Ticker|Format|Parse)$"},
}

// quick is what a first look measures.
var quick = map[string]string{
	"micro":         "^(MapRead|MapWrite|Mutex|MutexMapWrite|RWMutexMapRead|Atomic|GoWaitGroup|JSONRoundTrip|HTTPRoundTrip)$",
	"sync":          "^(MapLoadMostlyHits|MutexUncontended|RWMutexWrite100|Pool|WaitGroupAddDone)$",
	"encoding/json": "^(CodeMarshal|MarshalMap|UnmarshalMap)$",
	"context":       "^(CheckCanceled|ContextCancelDone)$",
}
