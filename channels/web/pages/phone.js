// A telephone: the microphone as mu-law at 8 kHz over a socket of ours, which places the call.

const RATE = 8000;
const KEYS = "123456789*0#";

// ITU-T G.711, as every telephone speaks it.
function encode(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  const size = Math.min(32635, Math.abs(sample)) + 0x84;
  const exponent = 24 - Math.clz32(size);
  return ~(sign | (exponent << 4) | ((size >> (exponent + 3)) & 15)) & 0xff;
}

const DECODED = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const size = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return bits & 0x80 ? -size : size;
});

class Sound {
  static async open(heard) {
    // Before anything is awaited, while the tap still counts.
    let context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      let source;
      try {
        source = context.createMediaStreamSource(stream);
      } catch {
        // This browser does not resample a microphone; the worklet does.
        context.close();
        context = new AudioContext({ latencyHint: "interactive" });
        source = context.createMediaStreamSource(stream);
      }
      await context.audioWorklet.addModule("/web/worklet.js");
      await context.resume();
      const options = { processorOptions: { rate: RATE }, channelCount: 1 };
      const microphone = new AudioWorkletNode(context, "microphone", {
        ...options,
        channelCountMode: "explicit",
        numberOfOutputs: 0,
      });
      const speaker = new AudioWorkletNode(context, "speaker", {
        ...options,
        numberOfInputs: 0,
        outputChannelCount: [1],
      });
      microphone.port.onmessage = ({ data }) =>
        heard(Uint8Array.from(new Int16Array(data.frame), encode));
      source.connect(microphone);
      speaker.connect(context.destination);
      return new Sound(context, stream, speaker.port);
    } catch (reason) {
      stream?.getTracks().forEach((track) => track.stop());
      context.close();
      throw reason;
    }
  }

  constructor(context, stream, speaker) {
    Object.assign(this, { context, stream, speaker });
  }

  play(data) {
    const samples = Int16Array.from(new Uint8Array(data), (code) => DECODED[code]);
    this.speaker.postMessage(samples.buffer, [samples.buffer]);
  }

  close() {
    this.stream.getTracks().forEach((track) => track.stop());
    this.context.close();
  }
}

for (const phone of document.querySelectorAll(".phone")) {
  const [standing, keys, dial, drop] = [".standing", ".keys", ".dial", ".drop"].map((it) =>
    phone.querySelector(it),
  );
  let sound = null;
  let socket = null;

  const show = (words, on) => {
    const held = phone.contains(document.activeElement);
    standing.textContent = words;
    keys.hidden = drop.hidden = !on;
    dial.hidden = on;
    if (held && !phone.querySelector(":focus")?.checkVisibility()) (on ? drop : dial).focus();
  };

  const over = (words) => {
    sound?.close();
    socket?.close();
    sound = socket = null;
    show(words, false);
  };

  const call = async () => {
    show(phone.dataset.calling, true);
    try {
      sound = await Sound.open((frame) => {
        if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < 65536)
          socket.send(frame);
      });
    } catch {
      over(phone.dataset.trouble);
      return;
    }
    const session = await fetch("/web/sessions", { method: "POST" });
    // Put down meanwhile.
    if (!sound) return;
    const { token, message } = await session.json();
    if (!token) {
      over(message);
      return;
    }
    const line = new WebSocket(`${location.origin.replace(/^http/, "ws")}/web/phone`);
    socket = line;
    line.binaryType = "arraybuffer";
    line.onopen = () => line.send(JSON.stringify({ type: "hello", token }));
    let last = phone.dataset.over;
    line.onmessage = ({ data }) => {
      if (line !== socket) return;
      if (data instanceof ArrayBuffer) {
        sound.play(data);
        return;
      }
      const frame = JSON.parse(data);
      if (frame.state === "answered") show(phone.dataset.on, true);
      else if (frame.state === "told") show((last = frame.text), true);
      else if (frame.type === "error") last = frame.message;
    };
    line.onclose = () => line === socket && over(last);
  };

  keys.append(
    ...[...KEYS].map((digit) => {
      const key = document.createElement("button");
      key.type = "button";
      key.textContent = digit;
      key.addEventListener("click", () => {
        if (socket?.readyState === WebSocket.OPEN)
          socket.send(JSON.stringify({ type: "digit", digit }));
      });
      return key;
    }),
  );
  dial.addEventListener("click", () => {
    call().catch(() => over(phone.dataset.over));
  });
  drop.addEventListener("click", () => over(phone.dataset.over));
  phone.hidden = false;
}
