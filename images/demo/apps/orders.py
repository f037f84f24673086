"""Takes orders, keeps them in the store and asks the inventory for the stock.

Plain HTTP throughout: the sidecar turns the call to http://inventory into one with mutual TLS.
"""

import json
import os
import urllib.request

import store
from web import App, Refusal, serve

INVENTORY = os.environ.get("INVENTORY_URL", "http://inventory/stock")
# Whatever proxy the environment names: this call stays in the cell.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Orders(App):
    component = "orders"
    routes = {
        ("GET", "/"): "list_orders",
        ("GET", "/orders"): "list_orders",
        ("POST", "/orders"): "add_order",
        ("GET", "/healthz"): "healthz",
    }

    def list_orders(self):
        orders = [json.loads(order) for order in store.call("LRANGE", "orders", "0", "99")]
        self.send_json(200, {"orders": orders, "stock": stock()})

    def add_order(self):
        try:
            order = json.loads(self.body)
            article, count = str(order["article"]), int(order.get("count", 1))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refusal(400, 'send JSON such as {"article": "lantern", "count": 1}') from None
        available = stock().get(article)
        if available is None:
            raise Refusal(404, f"the inventory has no article {article!r}")
        if not 0 < count <= available:
            raise Refusal(409, f"{available} of {article!r} are in stock")
        number = store.call("INCR", "orders:number")
        order = {"number": number, "article": article, "count": count}
        store.call("LPUSH", "orders", json.dumps(order))
        self.send_json(201, order)


def stock():
    with OPENER.open(INVENTORY, timeout=5) as answer:
        return json.load(answer)["stock"]


if __name__ == "__main__":
    serve(Orders)
