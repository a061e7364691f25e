package tmpdeps
import (
 _ "github.com/spf13/cobra"
 _ "golang.org/x/tools/go/packages"
 _ "github.com/google/go-cmp/cmp"
 _ "github.com/rogpeppe/go-internal/testscript"
 _ "github.com/santhosh-tekuri/jsonschema/v6"
 _ "golang.org/x/sys/unix"
 _ "golang.org/x/term"
)
