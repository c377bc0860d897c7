// A sender made with Pion as its examples make one: one track that all viewers share, its usual interceptors, and
// transport-wide numbers, so that the same viewers give the same feedback as to the others. Same lines on standard input
// and output as ../messages.ts has.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc"
	"github.com/pion/webrtc/pkg/media"
)

const fps = 25

type message struct {
	Do  string `json:"do"`
	ID  int    `json:"id"`
	SDP string `json:"sdp"`
}

var (
	viewers sync.Map
	out     sync.Mutex
)

func say(fields map[string]any) {
	line, _ := json.Marshal(fields)
	out.Lock()
	defer out.Unlock()
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readClip(path string) (units [][]byte) {
	file, err := os.ReadFile(path)
	check(err)
	for len(file) > 4 {
		end := 4 + int(binary.BigEndian.Uint32(file))
		units = append(units, file[4:end])
		file = file[end:]
	}
	return units
}

func makeAPI() *webrtc.API {
	engine := &webrtc.MediaEngine{}
	check(engine.RegisterDefaultCodecs())
	registry := &interceptor.Registry{}
	check(webrtc.ConfigureTWCCHeaderExtensionSender(engine, registry))
	check(webrtc.RegisterDefaultInterceptors(engine, registry))
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry))
}

func accept(api *webrtc.API, track webrtc.TrackLocal, id int, offer string) {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	check(err)
	sender, err := pc.AddTrack(track)
	check(err)
	go func() {
		buffer := make([]byte, 1500)
		for {
			if _, _, err := sender.Read(buffer); err != nil {
				return
			}
		}
	}()
	viewers.Store(id, pc)
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			say(map[string]any{"is": "ready", "id": id})
		}
	})
	check(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}))
	answer, err := pc.CreateAnswer(nil)
	check(err)
	gathered := webrtc.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(answer))
	<-gathered
	say(map[string]any{"is": "answer", "id": id, "sdp": pc.LocalDescription().SDP})
}

func drop(id int) {
	if pc, known := viewers.LoadAndDelete(id); known {
		_ = pc.(*webrtc.PeerConnection).Close()
	}
}

func countViewers() (count int) {
	viewers.Range(func(any, any) bool {
		count++
		return true
	})
	return count
}

func play(track *webrtc.TrackLocalStaticSample, units [][]byte) {
	ticker := time.NewTicker(time.Second / fps)
	for i := 0; ; i++ {
		<-ticker.C
		sample := media.Sample{Data: units[i%len(units)], Duration: time.Second / fps}
		// A viewer that is just leaving is a fault of its own, and no reason to end: what arrives is counted elsewhere.
		_ = track.WriteSample(sample)
	}
}

func residentBytes() (pages int64) {
	file, err := os.ReadFile("/proc/self/statm")
	check(err)
	var all int64
	fmt.Sscan(string(file), &all, &pages)
	return pages * int64(os.Getpagesize())
}

func main() {
	units := readClip(os.Args[1])
	api := makeAPI()
	codec := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}
	track, err := webrtc.NewTrackLocalStaticSample(codec, "video", "camera")
	check(err)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), 1<<20)
	for lines.Scan() {
		var message message
		check(json.Unmarshal(lines.Bytes(), &message))
		switch message.Do {
		case "offer":
			go accept(api, track, message.ID, message.SDP)
		case "drop":
			go drop(message.ID)
		case "play":
			go play(track, units)
		case "stats":
			say(map[string]any{
				"is": "stats", "viewers": countViewers(), "refused": 0, "shed": 0,
				"rssBytes": residentBytes(),
			})
		}
	}
}
