// Package doctest_test runs the documentation: every command of a fenced sh block, every
// configuration, every policy and every fact of README.md, docs/, SECURITY.md and
// CONTRIBUTING.md.
package doctest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the directory of the repository.
const root = "../../.."

// block is a fenced block of a page.
type block struct {
	language, text string
	line           int
}

// command is one line of a sh block.
type command struct {
	text string
	line int
	// exit is 0 unless the comment of the line names another exit code.
	exit int
}

var exitCode = regexp.MustCompile(`#.*exit code (\d)`)

// pages lists every page, in the order in which a reader meets them.
func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"README.md", "SECURITY.md", "CONTRIBUTING.md"}
	for _, path := range docs {
		all = append(all, "docs/"+filepath.Base(path))
	}
	return all
}

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func blocks(t *testing.T, page string) []block {
	t.Helper()
	var all []block
	var open *block
	for i, line := range strings.Split(read(t, page), "\n") {
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{language: language, line: i + 1}
		case fence:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block does not end", page, open.line)
	}
	return all
}

// commands are the lines of a sh block; a line that ends with a backslash goes on in the
// next one.
func (b *block) commands() []command {
	var all []command
	begun := ""
	for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
		if part, more := strings.CutSuffix(line, `\`); more {
			begun += part
			continue
		}
		c := command{text: strings.TrimSpace(begun + line), line: b.line + 1 + i}
		begun = ""
		if m := exitCode.FindStringSubmatch(c.text); m != nil {
			c.exit = int(m[1][0] - '0')
		}
		if at := strings.Index(c.text, " #"); at >= 0 {
			c.text = strings.TrimSpace(c.text[:at])
		}
		if c.text != "" && c.text[0] != '#' {
			all = append(all, c)
		}
	}
	return all
}

func TestREADME_FitsOnFewPages(t *testing.T) {
	if lines := strings.Count(read(t, "README.md"), "\n"); lines > 200 {
		t.Errorf("README.md has %d lines; details belong to docs/", lines)
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

func TestPages_LinksLeadToFiles(t *testing.T) {
	for _, page := range append(pages(t), "ARCHITECTURE.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
			}
		}
	}
}

func TestIndex_NamesEveryPage(t *testing.T) {
	index := read(t, "docs/README.md")
	for _, page := range pages(t) {
		name, isDocs := strings.CutPrefix(page, "docs/")
		if isDocs && name != "README.md" && !strings.Contains(index, "("+name+")") {
			t.Errorf("docs/README.md does not name %s", name)
		}
	}
}

func TestBlocks_HaveAKnownLanguage(t *testing.T) {
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			// Blocks without a language are periods and scenarios, which the tests of
			// services/lifecycle read; the Go program is compared in api/examples/consume.
			plain := b.language == "" && page == "docs/policy.md"
			if !plain && !slices.Contains([]string{"sh", "yaml", "json", "go"}, b.language) {
				t.Errorf("%s:%d: a block in %q is not checked by any test", page, b.line, b.language)
			}
		}
	}
}
