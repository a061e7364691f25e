package logline

import "bytes"

// CutPrefix takes a prefix of the shape of tmpl off s: the same but for
// digits, spaces, and names of months and days.
func CutPrefix(s, tmpl []byte) (rest []byte, ok bool) {
	i, j := 0, 0
	for j < len(tmpl) {
		if i == len(s) {
			// Spaces at the end of a line get lost.
			return s[i:], len(bytes.TrimRight(tmpl[j:], " \t")) == 0
		}
		c, d := s[i], tmpl[j]
		switch {
		case isDigitOrSpace(c) && isDigitOrSpace(d):
			// A day is "_2", a fraction may drop its zeros: runs match runs. The
			// last run must not eat the indent of the text behind it.
			for j < len(tmpl) && isDigitOrSpace(tmpl[j]) {
				j++
			}
			if j == len(tmpl) {
				return cutLastRun(s[i:], tmpl)
			}
			for i < len(s) && isDigitOrSpace(s[i]) {
				i++
			}
		case c == d:
			i, j = i+1, j+1
		case isNamedTime(s[i:]) && isNamedTime(tmpl[j:]):
			i, j = i+3, j+3
		case back(s, tmpl, &i, &j):
		default:
			return nil, false
		}
	}
	return s[i:], true
}

// back takes one step over the middle of a month's name that began alike, as
// in Jun and Jul.
func back(s, tmpl []byte, i, j *int) bool {
	for k := 1; k <= 2; k++ {
		if *i >= k && *j >= k && isNamedTime(s[*i-k:]) && isNamedTime(tmpl[*j-k:]) {
			*i, *j = *i-k+3, *j-k+3
			return true
		}
	}
	return false
}

// cutLastRun takes the prefix's last digits and its spaces off s: exactly as
// many spaces, since a frame's indent may follow.
func cutLastRun(s, tmpl []byte) ([]byte, bool) {
	trimmed := bytes.TrimRight(tmpl, " ")
	spaces := len(tmpl) - len(trimmed)
	digits := len(trimmed) > 0 && isDigit(trimmed[len(trimmed)-1])
	i := 0
	if digits {
		for i < len(s) && (isDigit(s[i]) || s[i] == ' ' && i+1 < len(s) && isDigit(s[i+1])) {
			i++
		}
		if i == 0 {
			return nil, false
		}
	}
	for range spaces {
		if i == len(s) {
			return s[i:], true
		}
		if s[i] != ' ' {
			return nil, false
		}
		i++
	}
	return s[i:], true
}

func isDigit(c byte) bool        { return c >= '0' && c <= '9' }
func isDigitOrSpace(c byte) bool { return isDigit(c) || c == ' ' }

const namedTimes = "JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun"

func isNamedTime(s []byte) bool {
	if len(s) < 3 {
		return false
	}
	i := bytes.Index([]byte(namedTimes), s[:3])
	return i >= 0 && i%3 == 0
}
