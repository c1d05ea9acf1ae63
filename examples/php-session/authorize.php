<?php
// Foreverframe asks this script what a request may do: see "The application decides" in
// docs/tokens.md. The web server must not pass it on to the outside.
$question = json_decode(file_get_contents('php://input'), true);

// The session of the browser that has called Foreverframe, not of this request.
preg_match('/(?:^|; )PHPSESSID=([\w,-]+)/', $question['headers']['cookie'] ?? '', $found);
if (isset($found[1])) {
    $_COOKIE['PHPSESSID'] = $found[1];
}
require __DIR__ . '/session.php';
$user = $_SESSION['user'] ?? null;
session_write_close();

$allowed = array_map(fn ($ward) => "wards.$ward", WARDS[$user] ?? []);
$allow = match ($question['action']) {
    'subscribe' => $user !== null && array_diff($question['channels'], $allowed) === [],
    'close' => $user !== null,
    default => false, // publishing is for the application's own token
};
header('Content-Type: application/json');
echo json_encode(['allow' => $allow, 'subject' => $user, 'expiresInMs' => TRUST_MS]);
