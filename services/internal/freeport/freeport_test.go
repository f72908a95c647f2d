package freeport_test

import (
	"net"
	"testing"

	"github.com/rodopath/rodopath/services/internal/freeport"
)

// TestAddresses_StayFree: all differ, can be opened, and are none that the system gives to others.
func TestAddresses_StayFree(t *testing.T) {
	addresses, err := freeport.Addresses(t.Context(), 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("listen on %s: %v", address, err)
			continue
		}
		defer l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; port >= 32768 {
			t.Errorf("got port %d, want one below those of outgoing connections", port)
		}
	}
}
