<?php

declare(strict_types=1);

/**
 * A publish connection: many messages over one request, each answered. Plain PHP 8, no extension.
 *
 * A line that was not answered may be stored or not: publish it again with the same key, and it is
 * stored once.
 */
final class PublishConnection
{
    /** @var resource */
    private $socket;
    private string $rest = '';

    /** @param string $url of the server, such as http://127.0.0.1:8080 */
    public function __construct(string $url)
    {
        ['host' => $host, 'port' => $port, 'path' => $path] =
            parse_url($url) + ['port' => 80, 'path' => ''];
        $this->socket = stream_socket_client("tcp://$host:$port", $code, $why, 5)
            ?: throw new RuntimeException("no server at $url: $why");
        stream_set_timeout($this->socket, 30);
        $path = rtrim($path, '/') . '/publish';
        fwrite($this->socket, "POST $path HTTP/1.1\r\nHost: $host:$port\r\n"
            . "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
        $status = (string) fgets($this->socket);
        if (!str_contains($status, ' 200 ')) {
            throw new RuntimeException("refused: $status");
        }
        while (trim((string) fgets($this->socket)) !== '');
    }

    /**
     * Publish messages, and wait for all answers. Give some hundreds at once: they share a commit.
     *
     * @param list<array{channel: string, data: mixed, key?: string}> $lines
     * @return list<array{id?: string, error?: array{code: string, status: int, detail: string}}>
     */
    public function publish(array $lines): array
    {
        $body = '';
        foreach ($lines as $line) {
            $body .= json_encode($line, JSON_THROW_ON_ERROR) . "\n";
        }
        fwrite($this->socket, dechex(strlen($body)) . "\r\n$body\r\n");
        $answers = [];
        while (count($answers) < count($lines)) {
            $answers[] = json_decode($this->readLine(), true, flags: JSON_THROW_ON_ERROR);
        }
        return $answers;
    }

    public function close(): void
    {
        fwrite($this->socket, "0\r\n\r\n");
        fclose($this->socket);
    }

    private function readLine(): string
    {
        while (!str_contains($this->rest, "\n")) {
            $length = hexdec(trim((string) fgets($this->socket)));
            if ($length === 0) {
                throw new RuntimeException('the connection has ended before all answers came');
            }
            $this->rest .= stream_get_contents($this->socket, $length);
            fgets($this->socket);
        }
        [$line, $this->rest] = explode("\n", $this->rest, 2);
        return $line;
    }
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    $connection = new PublishConnection($argv[1] ?? 'http://127.0.0.1:8080');
    for ($n = 0; $n < 3; $n++) {
        $lines = [];
        for ($i = 0; $i < 100; $i++) {
            $data = ['batch' => $n, 'vid' => $i];
            $lines[] = ['channel' => 'doors', 'data' => $data, 'key' => bin2hex(random_bytes(16))];
        }
        foreach ($connection->publish($lines) as $answer) {
            echo $answer['id'] ?? $answer['error']['detail'], "\n";
        }
    }
    $connection->close();
}
