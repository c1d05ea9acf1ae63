<?php
// Where this program publishes, and where its pages open their streams.
define('FOREVERFRAME', getenv('FOREVERFRAME') ?: 'http://127.0.0.1:8080');
define('FOREVERFRAME_OF_PAGES', getenv('FOREVERFRAME_OF_PAGES') ?: FOREVERFRAME);

/**
 * Publish a value to a channel. Returns its id once the log has it.
 *
 * @throws RuntimeException with one sentence: what was wrong, and the remedy
 */
function publish(string $channel, mixed $data): string
{
    $answer = @file_get_contents(
        FOREVERFRAME . '/channels/' . rawurlencode($channel) . '/messages',
        false,
        stream_context_create(['http' => [
            'method' => 'POST',
            'header' => 'Content-Type: application/json',
            'content' => json_encode($data, JSON_THROW_ON_ERROR),
            'ignore_errors' => true, // the sentence of a refusal is in its body
            'timeout' => 5,
        ]])
    );
    if ($answer === false) {
        throw new RuntimeException('No answer from ' . FOREVERFRAME . ': start "foreverframe serve"');
    }
    $result = json_decode($answer, true);
    return $result['id'] ?? throw new RuntimeException($result['detail'] ?? $answer);
}
