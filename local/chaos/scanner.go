package chaos

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// scannerProxy stands before clamd and makes the faults of a plan, one
// connection at a time. It never says of a file what clamd would not say: a
// scanner that lies is no fault that anybody could notice.
type scannerProxy struct {
	listener net.Listener
	upstream string
	plan     *Plan
	work     sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
}

func newScannerProxy(upstream string, plan *Plan) (*scannerProxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the proxy before clamd: %w", err)
	}
	p := &scannerProxy{listener: l, upstream: upstream, plan: plan, open: map[net.Conn]bool{}}
	p.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			p.keep(conn)
			p.work.Go(func() {
				defer p.drop(conn)
				p.serve(conn)
			})
		}
	})
	return p, nil
}

func (p *scannerProxy) addr() string { return p.listener.Addr().String() }

func (p *scannerProxy) close() {
	p.listener.Close()
	p.mu.Lock()
	for conn := range p.open {
		conn.Close()
	}
	p.mu.Unlock()
	p.work.Wait()
}

func (p *scannerProxy) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[conn] = true
}

func (p *scannerProxy) drop(conn net.Conn) {
	conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}

// longestScan is more than the policy of a run allows a scan.
const longestScan = 30 * time.Second

// nonsense are answers that are no verdict and look like one.
var nonsense = []string{
	"stream: OK", "stream: OK\n", "OK\x00", "stream: ok\x00", "stream: FOUND\x00", "stream: OK FOUND ERROR\x00", "ream: OK\x00",
	"COMMAND READ TIMED OUT\x00", "\x00", "", "stream: Can't allocate memory ERROR\x00", "ClamAV\x00",
}

func (p *scannerProxy) serve(client net.Conn) {
	client.SetDeadline(time.Now().Add(longestScan))
	fault, share := p.plan.Next(Clamd)
	switch fault {
	case CutBefore:
		return
	case Delay:
		time.Sleep(delay(share))
	case Silence:
		io.Copy(io.Discard, client) // until it gives up
		return
	case WrongAnswer:
		if readCommand(client) == nil {
			io.WriteString(client, nonsense[int(share*float64(len(nonsense)))])
		}
		return
	}
	daemon, err := net.DialTimeout("tcp", p.upstream, 5*time.Second)
	if err != nil {
		return
	}
	p.keep(daemon)
	defer p.drop(daemon)
	daemon.SetDeadline(time.Now().Add(longestScan))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if fault == CutInRequest {
			begun := make([]byte, 64<<10)
			n, _ := client.Read(begun)
			daemon.Write(begun[:int(share*float64(n))])
			client.Close()
			daemon.Close()
			return
		}
		io.Copy(daemon, client)
		daemon.(*net.TCPConn).CloseWrite()
	}()
	if fault == CutInAnswer {
		answer, err := bufio.NewReader(daemon).ReadBytes(0)
		if err == nil {
			client.Write(answer[:int(share*float64(len(answer)))])
		}
	} else {
		io.Copy(client, daemon)
	}
	client.Close()
	daemon.Close()
	<-sent
}

// readCommand reads one command of clamd's protocol to its end, with the stream
// of an INSTREAM (clamd(8)).
func readCommand(conn io.Reader) error {
	r := bufio.NewReader(conn)
	command, err := r.ReadString(0)
	if err != nil || command != "zINSTREAM\x00" {
		return err
	}
	for {
		var length uint32
		if err := binary.Read(r, binary.BigEndian, &length); err != nil {
			return err
		}
		if length == 0 {
			return nil
		}
		if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
			return err
		}
	}
}
