package console

import "testing"

// TestPages_AreRead: a template is read when its page is first shown, so a fault in one would show late.
func TestPages_AreRead(t *testing.T) {
	texts, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	files, err := readAssets()
	if err != nil {
		t.Fatal(err)
	}
	for l, list := range newPages(texts, files, &place{}) {
		for name, read := range list {
			if _, err := read(); err != nil {
				t.Errorf("%s in %s: %v", name, l, err)
			}
		}
	}
}
