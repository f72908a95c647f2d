package main

import (
	"os"
	"strings"
	"testing"
)

func TestDocs_ShowThisProgram(t *testing.T) {
	page, err := os.ReadFile("../../../docs/recipients.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	body := string(code)
	body = body[strings.Index(body, "\tnc, err :="):strings.Index(body, "\nfunc check")]
	if !strings.Contains(string(page), body) {
		t.Errorf("docs/recipients.md does not show what the program does:\n%s", body)
	}
}
