<?php
// For cron jobs and other scripts: php publish.php "The museum closes at five"
require __DIR__ . '/foreverframe.php';

if ($argc !== 2) {
    fwrite(STDERR, "usage: php publish.php TEXT\n");
    exit(2);
}
try {
    echo publish('guestbook', ['text' => $argv[1], 'from' => 'the house']), "\n";
} catch (RuntimeException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
