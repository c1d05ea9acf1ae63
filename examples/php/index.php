<?php
require __DIR__ . '/foreverframe.php';

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    publish('guestbook', ['text' => $_POST['text'] ?? '', 'from' => $_SERVER['REMOTE_ADDR']]);
    http_response_code(204); // the stream brings the entry to the page
    exit;
}
?>
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Guest book</title>
<script src="<?= htmlspecialchars(FOREVERFRAME_OF_PAGES) ?>/foreverframe.js"></script>
</head>
<body>
<p>State: <b id="state"></b> <button id="close" type="button">Close</button></p>
<form id="sign"><input name="text" required autofocus> <button id="send">Send</button></form>
<ul id="entries"></ul>
<script>
var stream = foreverframe.open({
  url: <?= json_encode(FOREVERFRAME_OF_PAGES . '/') ?>,
  channels: "guestbook",
  last: 20,
  onmessage: function (message) {
    var item = document.createElement("li");
    // A text node: what a guest wrote must not become markup.
    item.appendChild(document.createTextNode(message.data.from + ": " + message.data.text));
    var list = document.getElementById("entries");
    list.insertBefore(item, list.firstChild);
  },
  onstate: function (state, detail) {
    var text = detail.reason ? state + " (" + detail.reason + ")" : state;
    document.getElementById("state").textContent = text;
  }
});
document.getElementById("close").onclick = function () {
  stream.close();
};
document.getElementById("sign").onsubmit = function () {
  fetch("", { method: "POST", body: new FormData(this) });
  this.reset();
  return false;
};
</script>
</body>
</html>
