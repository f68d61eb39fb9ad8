#!/usr/bin/python3
"""A sample to put your own application in the place of: app.py migrate | web | worker"""
import http.server
import signal
import sqlite3
import sys
import time

DATABASE = "/var/lib/shop/shop.db"


def ask(statement):
    """Carries out one statement; its rows."""
    with sqlite3.connect(DATABASE, timeout=10) as database:
        return database.execute(statement).fetchall()


def migrate():
    ask("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, done INTEGER DEFAULT 0)")
    print("the schema is up to date")


class Shop(http.server.BaseHTTPRequestHandler):
    def answer(self, code, text):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        total, done = ask("SELECT count(*), total(done) FROM orders")[0]
        self.answer(200, f"{total} orders, {done:.0f} done\n")

    def do_POST(self):
        ask("INSERT INTO orders DEFAULT VALUES")
        self.answer(201, "ordered\n")

    def log_request(self, code="-", size="-"):
        if self.path != "/health":
            super().log_request(code, size)


def web():
    http.server.ThreadingHTTPServer(("", 8080), Shop).serve_forever()


def worker():
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    while not stopping:
        for (order,) in ask("SELECT id FROM orders WHERE NOT done"):
            ask(f"UPDATE orders SET done = 1 WHERE id = {order}")
            print(f"order {order} is done")
        time.sleep(1)
    print("finished")


{"migrate": migrate, "web": web, "worker": worker}[sys.argv[1]]()
