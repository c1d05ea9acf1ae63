<?php
// Who has signed in, and may see which wards. A real application has its own.
define('WARDS', ['ann' => ['north'], 'bob' => ['north', 'south']]);

// How long a browser may go on without asking again, in ms: after a sign-out its stream ends
// within this time.
define('TRUST_MS', 10_000);

session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true]);
