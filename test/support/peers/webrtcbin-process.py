"""GStreamer's webrtcbin as a viewer: libnice, OpenSSL, usrsctp. Speaks JSON lines with peer-process.ts."""

import base64
import hashlib
import json
import os
import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstSdp', '1.0')
gi.require_version('GstWebRTC', '1.0')
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

Gst.init(None)
VP8 = 'application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96,rtcp-fb-nack=true,rtcp-fb-nack-pli=true'
COUNT_EVERY_MS = 100

loop = GLib.MainLoop()
wire = os.fdopen(int(os.environ['NODE_CHANNEL_FD']), 'r+b', buffering=0)
received = {'packets': 0, 'frames': 0}


def tell(message):
    wire.write(json.dumps(message).encode() + b'\n')


def digest(pem):
    body = ''.join(line for line in (pem or '').splitlines() if not line.startswith('-----'))
    if not body:
        return None
    hexadecimal = hashlib.sha256(base64.b64decode(body)).hexdigest().upper()
    return ':'.join(hexadecimal[i : i + 2] for i in range(0, 64, 2))


pipeline = Gst.Pipeline.new(None)
rtc = Gst.ElementFactory.make('webrtcbin', 'rtc')
if rtc is None:
    sys.exit('webrtcbin is missing: run npm run setup')
rtc.set_property('bundle-policy', GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
# No port of a router is asked for: nothing leaves but to the other end. The name keeps the agent alive.
ice = rtc.get_property('ice-agent')
ice.get_property('agent').set_property('upnp', False)
pipeline.add(rtc)
# The transport exists from here on, and the data channel needs a pipeline that plays.
pipeline.set_state(Gst.State.PLAYING)
transceiver = rtc.emit(
    'add-transceiver', GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(VP8)
)
options = Gst.Structure.new_empty('options')
options.set_value('negotiated', True)
options.set_value('id', 0)
channel = rtc.emit('create-data-channel', 'os1', options)


def transport():
    return transceiver.get_property('receiver').get_property('transport')


def on_packet(_pad, info):
    received['packets'] += 1 if info.type & Gst.PadProbeType.BUFFER else info.get_buffer_list().length()
    return Gst.PadProbeReturn.OK


def on_frame(_sink, _buffer, _pad):
    received['frames'] += 1


def on_pad(_element, pad):
    if pad.get_direction() != Gst.PadDirection.SRC:
        return
    pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, on_packet)
    decode = Gst.parse_bin_from_description('rtpvp8depay ! vp8dec ! fakesink name=sink sync=false', True)
    sink = decode.get_by_name('sink')
    sink.set_property('signal-handoffs', True)
    sink.connect('handoff', on_frame)
    pipeline.add(decode)
    decode.sync_state_with_parent()
    pad.link(decode.get_static_pad('sink'))


def on_gathered(*_):
    if rtc.get_property('ice-gathering-state') != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        return
    sdp = rtc.get_property('local-description').sdp.as_text()
    tell({'is': 'offer', 'sdp': sdp, 'own': digest(transport().get_property('certificate'))})


def on_offer(promise, _):
    # Kept: the offer lives as long as the reply does.
    reply = promise.get_reply()
    offer = reply.get_value('offer')
    rtc.emit('set-local-description', offer, Gst.Promise.new())


def on_open(_channel):
    tell({'is': 'open', 'seen': digest(transport().get_property('remote-certificate'))})


def on_state(*_):
    tell({'is': 'state', 'state': rtc.get_property('connection-state').value_nick})


def accept(answer):
    _, message = GstSdp.SDPMessage.new_from_text(answer)
    description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
    rtc.emit('set-remote-description', description, Gst.Promise.new())


def on_line(_source, _condition):
    global pending
    chunk = os.read(wire.fileno(), 65536)
    if not chunk:
        os._exit(0)
    *lines, pending = (pending + chunk).split(b'\n')
    for line in lines:
        message = json.loads(line)
        if message['do'] == 'accept':
            accept(message['answer'])
        if message['do'] == 'send':
            channel.emit('send-string', message['text'])
        if message['do'] == 'close':
            # The end of libnice may hang: nothing of it is waited for.
            os._exit(0)
    return True


def count():
    tell({'is': 'received', **received})
    return True


pending = b''
rtc.connect('pad-added', on_pad)
rtc.connect('notify::ice-gathering-state', on_gathered)
rtc.connect('notify::connection-state', on_state)
channel.connect('on-open', on_open)
channel.connect('on-message-string', lambda _channel, text: tell({'is': 'message', 'text': text}))
GLib.io_add_watch(wire.fileno(), GLib.IO_IN | GLib.IO_HUP, on_line)
GLib.timeout_add(COUNT_EVERY_MS, count)
rtc.emit('create-offer', None, Gst.Promise.new_with_change_func(on_offer, None))
loop.run()
