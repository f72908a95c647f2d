package main

import (
	"os"
	"strings"
	"testing"
)

func TestREADME_ShowsThisProgram(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	body := string(code)
	body = body[strings.Index(body, "\tnc, err :="):strings.Index(body, "\nfunc check")]
	if !strings.Contains(string(readme), body) {
		t.Errorf("README.md does not show what the program does:\n%s", body)
	}
}
