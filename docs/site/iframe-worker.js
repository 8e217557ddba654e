// Search in pages opened from a folder. Browsers start no worker from a file; a hidden frame of the same page does its
// work. Pages from a server keep real workers.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.setAttribute("aria-hidden", "true");
      const source = new URL(address, document.baseURI).href.replace(/"/g, "%22");
      this.frame.srcdoc = `<script src="${source}"></` + "script>";
      document.documentElement.append(this.frame);
      this.frame.addEventListener("load", () => {
        const place = this.frame.contentWindow;
        // Messages are copies and come later, as between real workers: an answer within the question would never end.
        place.postMessage = (data) => setTimeout(() => {
          const event = new MessageEvent("message", { data: structuredClone(data) });
          this.dispatchEvent(event);
          if (this.onmessage) this.onmessage(event);
        });
        this.deliver = (data) => setTimeout(() => {
          place.dispatchEvent(new place.MessageEvent("message", { data: place.structuredClone(data) }));
        });
        this.waiting.splice(0).forEach(this.deliver);
      });
    }

    postMessage(data) {
      if (this.deliver) this.deliver(data);
      else this.waiting.push(data);
    }

    terminate() {
      this.frame.remove();
    }
  };
}
