// A plain sender on Pion, as its examples make one: it answers whoever asks and loops one clip.
// Arguments: the clip (Annex B with delimiters), pictures per second, the page, "cache" to begin with
// what came since the last key frame.
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
)

// Pictures of the cache follow each other by this: the viewer is not to watch a second behind.
const burstStep = time.Millisecond

var h264 = webrtc.RTPCodecCapability{
	MimeType:    webrtc.MimeTypeH264,
	ClockRate:   90000,
	SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
}

type frame struct {
	data []byte
	key  bool
}

type viewer struct {
	pc    *webrtc.PeerConnection
	track *boundTrack
}

// A track that tells when its connection has taken it: what is written before is lost.
type boundTrack struct {
	*webrtc.TrackLocalStaticSample
	once  sync.Once
	bound chan struct{}
}

func (t *boundTrack) Bind(context webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	defer t.once.Do(func() { close(t.bound) })
	return t.TrackLocalStaticSample.Bind(context)
}

// What is being sent, to whom, and what came since the last key frame.
type sender struct {
	mutex   sync.Mutex
	step    time.Duration
	isCache bool
	group   []frame
	viewer  *viewer
}

// Each access unit begins with a delimiter (H.264 §7.4.1.2.3).
func split(stream []byte) []frame {
	var frames []frame
	for _, unit := range bytes.Split(stream, []byte{0, 0, 0, 1, 9})[1:] {
		data := append([]byte{0, 0, 0, 1, 9}, unit...)
		frames = append(frames, frame{data, hasIdr(data)})
	}
	return frames
}

func hasIdr(unit []byte) bool {
	start := []byte{0, 0, 1}
	for at := bytes.Index(unit, start); at >= 0; {
		if unit[at+3]&31 == 5 {
			return true
		}
		next := bytes.Index(unit[at+3:], start)
		if next < 0 {
			return false
		}
		at += 3 + next
	}
	return false
}

func (v *viewer) write(f frame, duration time.Duration) {
	if err := v.track.WriteSample(media.Sample{Data: f.data, Duration: duration}); err != nil {
		log.Print(err)
	}
}

func (s *sender) loop(frames []frame) {
	begun := time.Now()
	for count := 0; ; count++ {
		f := frames[count%len(frames)]
		s.mutex.Lock()
		if f.key {
			s.group = nil
		}
		s.group = append(s.group, f)
		if s.viewer != nil {
			s.viewer.write(f, s.step)
		}
		s.mutex.Unlock()
		time.Sleep(time.Until(begun.Add(time.Duration(count+1) * s.step)))
	}
}

func (s *sender) begin(v *viewer) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.isCache {
		for i, f := range s.group {
			duration := burstStep
			if i == len(s.group)-1 {
				duration = s.step
			}
			v.write(f, duration)
		}
	}
	s.viewer = v
}

func (s *sender) leave() {
	s.mutex.Lock()
	gone := s.viewer
	s.viewer = nil
	s.mutex.Unlock()
	if gone != nil {
		gone.pc.Close()
	}
}

func (s *sender) connect(offer string) (string, error) {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	samples, err := webrtc.NewTrackLocalStaticSample(h264, "video", "plain")
	if err != nil {
		return "", err
	}
	track := &boundTrack{TrackLocalStaticSample: samples, bound: make(chan struct{})}
	rtp, err := pc.AddTrack(track)
	if err != nil {
		return "", err
	}
	// Interceptors see what comes back only while it is read.
	go func() {
		buffer := make([]byte, 1500)
		for {
			if _, _, err := rtp.Read(buffer); err != nil {
				return
			}
		}
	}()
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			<-track.bound
			s.begin(&viewer{pc, track})
		}
	})
	return answer(pc, offer)
}

func answer(pc *webrtc.PeerConnection, offer string) (string, error) {
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	description, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(description); err != nil {
		return "", err
	}
	<-gathered
	return pc.LocalDescription().SDP, nil
}

func main() {
	stream, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fps, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	s := &sender{step: time.Second / time.Duration(fps), isCache: len(os.Args) > 4 && os.Args[4] == "cache"}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, os.Args[3]) })
	http.HandleFunc("/stop", func(w http.ResponseWriter, r *http.Request) { s.leave() })
	http.HandleFunc("/offer", func(w http.ResponseWriter, r *http.Request) {
		s.leave()
		offer, _ := io.ReadAll(r.Body)
		sdp, err := s.connect(string(offer))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		io.WriteString(w, sdp)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go s.loop(split(stream))
	go http.Serve(listener, nil)
	fmt.Printf("ready http://localhost:%d/\n", listener.Addr().(*net.TCPAddr).Port)
	// Ends with whoever started it.
	io.Copy(io.Discard, os.Stdin)
}
