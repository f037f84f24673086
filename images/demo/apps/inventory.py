"""How much of each article is in stock. Plain HTTP: TLS is the sidecar's."""

from web import App, serve

STOCK = {"lantern": 12, "oak door": 3, "iron key": 40}


class Inventory(App):
    component = "inventory"
    routes = {("GET", "/stock"): "stock", ("GET", "/"): "stock", ("GET", "/healthz"): "healthz"}

    def stock(self):
        self.send_json(200, {"stock": STOCK, "asked_by": self.headers.get("X-Gatehouse-Caller")})


if __name__ == "__main__":
    serve(Inventory)
