package maplayout

import (
	"fmt"
	"strconv"
	"strings"
)

// The table of versions serves where a binary names no types. All of it is for
// 64-bit targets. The test of package anatomy holds it to DWARF of each version.

func fields(list string) []Field {
	var out []Field
	for _, s := range strings.Fields(list) {
		p := strings.Split(s, ":")
		off, _ := strconv.ParseInt(p[1], 0, 64)
		size, _ := strconv.ParseInt(p[2], 0, 64)
		out = append(out, Field{p[0], off, size})
	}
	return out
}

// Known returns the layout of a Go version, "go1.26.8" or "1.26", from the
// table, for 64-bit targets and without GOEXPERIMENT.
func Known(goVersion string) (Layout, error) {
	minor, ok := minorOf(goVersion)
	if !ok || minor < 20 || minor > 27 {
		if goVersion == "" {
			goVersion = "an unknown Go version"
		}
		return Layout{}, fmt.Errorf("%s is not in the table of layouts, which has Go 1.20 to 1.27: %w", goVersion, ErrLayout)
	}
	from := fmt.Sprintf("go1.%d table", minor)
	if minor < 24 {
		l := Layout{Design: Buckets, Mask: hashWriting, Header: Struct{
			Name: "runtime.hmap", Size: 48, From: from,
			Fields: fields("count:0:8 flags:8:1 B:9:1 noverflow:10:2 hash0:12:4 buckets:16:8 oldbuckets:24:8 nevacuate:32:8 extra:40:8"),
		}}
		l.Flag, _ = l.Header.Field("flags")
		l.Type = Struct{
			Name: "internal/abi.MapType", Size: 88, From: from,
			Fields: fields("Key:48:8 Elem:56:8 Bucket:64:8 Hasher:72:8 KeySize:80:1 ValueSize:81:1 BucketSize:82:2 Flags:84:4"),
		}
		if minor == 20 {
			l.Type.Name = "runtime.maptype"
			l.Type.Fields = fields("key:48:8 elem:56:8 bucket:64:8 hasher:72:8 keysize:80:1 elemsize:81:1 bucketsize:82:2 flags:84:4")
		}
		return l, nil
	}
	l := Layout{Design: Tables, Mask: 0xff, Header: Struct{
		Name: "internal/runtime/maps.Map", Size: 48, From: from,
		Fields: fields("used:0:8 seed:8:8 dirPtr:16:8 dirLen:24:8 globalDepth:32:1 globalShift:33:1 writing:34:1 tombstonePossible:35:1 clearSeq:40:8"),
	}}
	if minor == 24 { // before tombstonePossible
		l.Header.Fields = fields("used:0:8 seed:8:8 dirPtr:16:8 dirLen:24:8 globalDepth:32:1 globalShift:33:1 writing:34:1 clearSeq:40:8")
	}
	l.Flag, _ = l.Header.Field("writing")
	l.Table = Struct{
		Name: "internal/runtime/maps.table", Size: 32, From: from,
		Fields: fields("used:0:2 capacity:2:2 growthLeft:4:2 localDepth:6:1 index:8:8 groups:16:16"),
	}
	l.Groups = Struct{
		Name: "internal/runtime/maps.groupsReference", Size: 16, From: from, Fields: fields("data:0:8 lengthMask:8:8"),
	}
	l.Type = Struct{
		Name: "internal/abi.SwissMapType", Size: 112, From: from,
		Fields: fields("Key:48:8 Elem:56:8 Group:64:8 Hasher:72:8 GroupSize:80:8 SlotSize:88:8 ElemOff:96:8 Flags:104:4"),
	}
	switch {
	case minor == 26:
		l.Type.Name = "internal/abi.MapType"
	case minor >= 27:
		l.Type = Struct{
			Name: "internal/abi.MapType", Size: 136, From: from,
			Fields: fields("Key:48:8 Elem:56:8 Group:64:8 Hasher:72:8 GroupSize:80:8 KeysOff:88:8 KeyStride:96:8 ElemsOff:104:8 ElemStride:112:8 ElemOff:120:8 Flags:128:4"),
		}
	}
	return l, nil
}

func minorOf(v string) (int, bool) {
	v = strings.TrimPrefix(v, "go")
	rest, ok := strings.CutPrefix(v, "1.")
	if !ok {
		return 0, false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	n, err := strconv.Atoi(rest)
	return n, err == nil
}
