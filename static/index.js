/* The page for trying a stream out. Query: channel (default "news"), retryMs, silentMs. */
(function (root) {
  var page = root.page;
  var channel = page.query("channel", "news");
  var form = page.element("publish");
  var received = 0;
  var stream;

  function showButtons() {
    var ended = stream.state === "closed" || stream.state === "refused";
    page.element("close").disabled = ended || stream.state === "closing";
    page.element("reopen").disabled = !ended;
  }

  function showStream(state, detail) {
    page.showState(state, detail);
    page.setText(page.element("stream"), stream.stream || "none");
    showButtons();
  }

  function showMessage(message) {
    received++;
    page.setText(page.element("count"), String(received));
    page.addRow(page.element("messages"), message.id, [
      { text: page.clock(message.time), className: "time" },
      { text: message.id, className: "id" },
      { text: page.toText(message.data), className: "data" }
    ]);
  }

  function showGap(gap) {
    page.showNote("Some messages may be missing (" + gap.reason + ").");
  }

  /** What could not be sent is put back, unless something else was typed meanwhile. */
  function showSent(box, sent, answer) {
    if (answer !== null && /"id"/.test(answer)) {
      page.hideNote();
      return;
    }
    page.showNote("Not sent: " + (answer === null ? "the server does not answer." : answer));
    if (box.value === "") {
      box.value = sent;
    }
  }

  function openAfter(cursor) {
    stream = root.foreverframe.open({
      channels: channel,
      after: cursor,
      retryMs: Number(page.query("retryMs", "")),
      silentMs: Number(page.query("silentMs", "")),
      onmessage: showMessage,
      ongap: showGap,
      onstate: showStream
    });
    showStream(stream.state, {});
  }

  form.action = "channels/" + encodeURIComponent(channel) + "/messages";
  form.onsubmit = function () {
    var box = page.element("msg");
    var sent = box.value;
    if (sent !== "") {
      root.foreverframe.submit(form, function (answer) {
        showSent(box, sent, answer);
      });
      box.value = "";
    }
    box.focus();
    return false;
  };
  page.element("close").onclick = function () {
    stream.close();
  };
  page.element("reopen").onclick = function () {
    openAfter(stream.cursor);
  };

  page.setText(page.element("channel"), channel);
  openAfter(null);
})(this);
