"""A mirror on loopback that misbehaves as told: mirror.py FOLDER serves /MODE/NAME and prints its port.

good: the file. short: half of it. wrong: one bit flipped. page: a web page instead. gone: 404. cut: the connection ends
half-way. slow: half of it, then nothing for a minute. Every request is a line in FOLDER/requests.
"""
import http.server
import pathlib
import sys
import time

folder = pathlib.Path(sys.argv[1])


class Mirror(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        mode, name = self.path.strip("/").split("/")
        with open(folder / "requests", "a") as log:
            print(mode, name, file=log)
        body = (folder / name).read_bytes()
        half = body[: len(body) // 2]
        if mode == "gone":
            self.send_error(404)
            return
        sent = {
            "short": half,
            "wrong": half + bytes([body[len(half)] ^ 1]) + body[len(half) + 1 :],
            "page": b"<!DOCTYPE html><html><body>Please log in</body></html>",
            "cut": half,
            "slow": half,
        }.get(mode, body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body if mode in ("cut", "slow") else sent)))
        self.end_headers()
        self.wfile.write(sent)
        if mode == "slow":
            self.wfile.flush()
            time.sleep(60)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
