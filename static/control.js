/*
 * Opens a stream and shows its control frame. Query: channel (default "news"), transport, retryMs, silentMs,
 * frameAgainMs.
 */
(function (root) {
  var page = root.page;
  var received = 0;
  var stream;

  /** A new frame for each stream, and none of an old one: navigating it would fill the history. */
  function showControl(id) {
    var frame = root.document.createElement("iframe");
    frame.className = "control";
    frame.title = "Control frame";
    // Or old WebKit, on the way back to this page, shows the control frame of the old stream.
    frame.name = id;
    frame.src = "control?stream=" + encodeURIComponent(id);
    hideControl();
    page.element("control").appendChild(frame);
  }

  function hideControl() {
    page.setText(page.element("control"), "");
  }

  function showStream(state, detail) {
    page.showState(state, detail);
    page.element("open").disabled = state !== "closed" && state !== "refused";
    if (state === "open") {
      page.element("stream").value = stream.stream || "";
      showControl(stream.stream);
    }
  }

  function countMessage() {
    received++;
    page.setText(page.element("count"), String(received));
  }

  function open() {
    stream = root.foreverframe.open(
      page.streamOptions({
        channels: page.query("channel", "news"),
        onmessage: countMessage,
        onstate: showStream
      })
    );
    showStream(stream.state, {});
  }

  page.element("open").onclick = open;
  page.element("demo").className = "";
  open();
})(this);
