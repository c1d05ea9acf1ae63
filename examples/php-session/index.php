<?php
require __DIR__ . '/session.php';

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    if (isset(WARDS[$_POST['user'] ?? ''])) {
        session_regenerate_id(true);
        $_SESSION['user'] = $_POST['user'];
    } else {
        session_destroy();
    }
    header('Location: ./', true, 303);
    exit;
}
$user = $_SESSION['user'] ?? null;
?>
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Ward board</title>
<script src="push/foreverframe.js"></script>
</head>
<body>
<?php if ($user === null): ?>
<form method="post"><input name="user" placeholder="ann or bob" required autofocus> <button id="sign-in">Sign in</button></form>
<?php else: ?>
<form method="post"><b id="user"><?= htmlspecialchars($user) ?></b> <button id="sign-out">Sign out</button></form>
<p>State: <b id="state"></b> <button id="close" type="button">Close</button></p>
<ul id="calls"></ul>
<script>
var stream = foreverframe.open({
  url: "push/",
  channels: <?= json_encode(array_map(fn ($ward) => "wards.$ward", WARDS[$user])) ?>,
  last: 20,
  onmessage: function (message) {
    var item = document.createElement("li");
    item.appendChild(document.createTextNode(message.channel + ": " + message.data));
    var list = document.getElementById("calls");
    list.insertBefore(item, list.firstChild);
  },
  onclose: function (event) {
    // The session has ended: this page shows the form to sign in.
    if (event.reason === "expired") location.reload();
  },
  onerror: function (event) {
    if (event.code === "FF_FORBIDDEN") location.reload();
  },
  onstate: function (state, detail) {
    var text = detail.reason ? state + " (" + detail.reason + ")" : state;
    document.getElementById("state").innerHTML = text;
  }
});
document.getElementById("close").onclick = function () {
  stream.close();
};
</script>
<?php endif ?>
</body>
</html>
