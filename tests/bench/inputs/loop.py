"""What `cargo xtask bench` compares with: the same requests in a loop with the library `requests`.

    loop.py login URL                       a login and a create
    loop.py create|get URL COUNT THREADS
"""

import sys
import threading

import requests

ACCESS = {"accessToken": "access-token"}


def checked(answer):
    answer.raise_for_status()
    body = answer.json()
    if body["status"] != "OK" or any(item["status"] != "OK" for item in body["response"]):
        raise SystemExit(f"the server says {body}")
    return body["response"][0]["iduser"]


def created(session, url, n):
    user = {"operation": "create_user", "user_id": f"e{n}", "name": f"Person {n}", "type": "ENDUSER"}
    return checked(session.post(f"{url}/users", json=user))


def got(session, url, n):
    return checked(session.get(f"{url}/users/e{n}"))


def login(url):
    session = requests.Session()
    session.headers.update(ACCESS)
    answer = session.post(f"{url}/login", json={"email": "api@example.com", "password": "password"})
    answer.raise_for_status()
    session.headers["Authorization"] = answer.headers["Authorization"]
    created(session, url, 1)


def loop(call, url, count, threads):
    def some(first):
        session = requests.Session()
        session.headers["Authorization"] = "Bearer key"
        for n in range(first, count, threads):
            call(session, url, n)

    working = [threading.Thread(target=some, args=(first,)) for first in range(threads)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()


if sys.argv[1] == "login":
    login(sys.argv[2])
else:
    loop({"create": created, "get": got}[sys.argv[1]], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
