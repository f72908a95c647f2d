package chaos

import (
	"context"
	"errors"
	"net"
	"sync"
)

// proxy forwards connections between a service and a NATS server, and can interrupt the
// connections.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	// refusing closes new connections; healed is closed while bytes may pass.
	refusing bool
	healed   chan struct{}
}

// startProxy forwards connections to target until the proxy is closed.
func startProxy(ctx context.Context, target string) (*proxy, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, target: target, conns: map[net.Conn]struct{}{}, healed: make(chan struct{})}
	close(p.healed)
	go p.run(ctx)
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) run(ctx context.Context) {
	for {
		in, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go p.pass(ctx, in)
		}
	}
}

// pass joins a connection with one to the target, until either ends.
func (p *proxy) pass(ctx context.Context, in net.Conn) {
	defer in.Close()
	var d net.Dialer
	if !p.add(in) {
		return
	}
	defer p.remove(in)
	out, err := d.DialContext(ctx, "tcp", p.target)
	if err != nil {
		return
	}
	defer out.Close()
	if !p.add(out) {
		return
	}
	defer p.remove(out)
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			p.pump(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
	_ = in.Close() // so that the other way ends, too
	_ = out.Close()
	<-ended
}

// pump copies bytes, with a pause while the proxy is interrupted.
func (p *proxy) pump(from, to net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			<-p.gate()
			if _, werr := to.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) gate() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.healed
}

func (p *proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusing {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *proxy) remove(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// stall stops all bytes without closing connections.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.healed:
		p.healed = make(chan struct{})
	default:
	}
}

// cut closes present and new connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = true
	for c := range p.conns {
		_ = c.Close() // the peer receives the end
	}
}

// heal resumes the forwarding.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = false
	select {
	case <-p.healed:
	default:
		close(p.healed)
	}
}

func (p *proxy) close() {
	_ = p.listener.Close() // best effort at the end
	p.cut()
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.healed:
	default:
		close(p.healed)
	}
}
