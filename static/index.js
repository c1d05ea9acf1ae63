/*
 * The page for trying a stream out. Query: channel (default "news"), transport, share (1), retryMs, silentMs,
 * frameAgainMs.
 */
(function (root) {
  var page = root.page;
  var channel = page.query("channel", "news");
  var form = page.element("publish");
  var wanted = page.element("wanted");
  var share = page.element("share");
  var received = 0;
  var connects = 0;
  var gaps = 0;
  var slowest = 0;
  // Whether the stream is closed only to be opened in another way.
  var changing = false;
  var stream;

  function hasEnded() {
    return stream.state === "closed" || stream.state === "refused";
  }

  function showButtons() {
    page.element("close").disabled = hasEnded() || stream.state === "closing";
    page.element("reopen").disabled = !hasEnded();
  }

  function showTransport(state, detail) {
    var text = stream.transport || "none";
    if (state === "connecting" && detail.transport) {
      text = detail.transport + (detail.reason ? " (" + detail.reason + ")" : "");
    }
    page.setText(page.element("transport"), text);
  }

  function showStream(state, detail) {
    page.showState(state, detail);
    page.setText(page.element("stream"), stream.stream || "none");
    showTransport(state, detail);
    showButtons();
    if (changing && hasEnded()) {
      changing = false;
      openAfter(stream.cursor);
    }
  }

  /** By the clocks of both machines, so it may be off by what they differ. */
  function showDelay(time) {
    var ms = new Date().getTime() - time;
    slowest = Math.max(slowest, ms);
    page.setText(
      page.element("delay"),
      "Delay: " + ms + " ms, at most " + slowest + " ms, from the server's clock to this one."
    );
  }

  function showMessage(message) {
    received++;
    page.setText(page.element("count"), String(received));
    showDelay(message.time);
    page.addRow(page.element("messages"), message.id, [
      { text: page.clock(message.time), className: "time" },
      { text: message.id, className: "id" },
      { text: page.toText(message.data), className: "data" }
    ]);
  }

  function showGap(gap) {
    gaps++;
    page.setText(page.element("gaps"), String(gaps));
    page.showNote("Some messages may be missing (" + gap.reason + ").");
  }

  function showOpen() {
    connects++;
    page.setText(page.element("connects"), String(connects));
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
    stream = root.foreverframe.open(
      page.streamOptions({
        channels: channel,
        after: cursor,
        transport: wanted.value,
        share: share.checked,
        onopen: showOpen,
        onmessage: showMessage,
        ongap: showGap,
        onstate: showStream
      })
    );
    showStream(stream.state, {});
  }

  function change() {
    if (hasEnded()) {
      openAfter(stream.cursor);
    } else {
      changing = true;
      stream.close();
    }
  }

  function chooseFromQuery() {
    var transport = page.query("transport", "auto");
    var i;
    for (i = 0; i < wanted.options.length; i++) {
      // The value of an option without one is "" in IE before 8.
      wanted.options[i].value = wanted.options[i].value || wanted.options[i].text;
      if (wanted.options[i].value === transport) {
        wanted.selectedIndex = i;
      }
    }
    share.checked = page.query("share", "") === "1";
  }

  form.action = "channels/" + encodeURIComponent(channel) + "/messages";
  form.onsubmit = function () {
    var box = page.element("msg");
    var sent = box.value;
    if (sent !== "") {
      page.submit(form, function (answer) {
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
  wanted.onchange = change;
  // IE before 9 tells a checkbox's change only when something else is clicked.
  share.onclick = change;

  page.setText(page.element("channel"), channel);
  chooseFromQuery();
  openAfter(null);
})(this);
