"""What is between us and a server, and what ends in the middle of a run: fake or real."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from plana_secrets.errors import UnavailableError
from plana_secrets.mirror.backends.vaultwarden import client as client_module
from tests.fakes.people import Company
from tests.fakes.vaultwarden import Fault, Relay
from tests.fakes.vaultwarden.wire import Answer, Request
from tests.mirror.steps import make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace

ITEMS = [make_item(f"infra/secrets/prod/{n}.yaml", {"a": "1"}, collection="prod") for n in range(9)]
PAGE = b"<!doctype html><html>Sign in</html>"
ELSEWHERE = {"Location": "https://auth.example.test/"}
GUARDS = {
    "basic": Answer(401, PAGE, "text/html", {"WWW-Authenticate": "Basic"}),
    "Authelia": Answer(302, b"", "text/html", ELSEWHERE),
    "Authelia, signed out": Answer(401, b"Unauthorized", "text/plain"),
    "Cloudflare": Answer(403, PAGE, "text/html"),
    "a page": Answer(200, PAGE, "text/html"),
}


class Proxy(Relay):
    """``is_packing``: each answer comes packed."""

    is_packing = False

    def serve(self, request: Request) -> Answer:
        answer = super().serve(request)
        if not self.is_packing:
            return answer
        headers = {"Content-Encoding": "gzip"}
        return replace(answer, body=gzip.compress(answer.body), headers=headers)


class ProxyContract:
    """``place`` reaches its server by way of ``proxy``."""

    @pytest.fixture
    def proxy(self, company: Company) -> Iterator[Proxy]:
        proxy = Proxy(company.url)
        yield proxy
        proxy.stop()

    def completed(self, place: VaultwardenPlace) -> None:
        assert sync(place.open(), ITEMS).after.drift == ()
        found = Counter(place.hand.file_of(one) for one in place.hand.every())
        assert found == Counter(item.file for item in ITEMS)

    def test_packed_answers_are_unpacked(self, proxy: Proxy, place: VaultwardenPlace) -> None:
        proxy.is_packing = True
        self.completed(place)

    def test_a_busy_server_is_waited_for(
        self, proxy: Proxy, place: VaultwardenPlace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It names no time, in the middle of the creations."""
        pauses: list[float] = []
        monkeypatch.setattr(client_module.time, "sleep", pauses.append)
        answers = iter([Fault(answer=Answer(429, b"{}"))] * 3)
        proxy.before = lambda one: next(answers, None) if "ciphers" in one.path else None
        self.completed(place)
        assert len(pauses) == 3
        assert min(pauses) >= 8

    def test_a_session_that_ends_in_the_middle_logs_in_once_more(
        self, proxy: Proxy, place: VaultwardenPlace
    ) -> None:
        logins, created = [], []

        def before(request: Request) -> None:
            logins.extend([1] if request.path == "/identity/connect/token" else [])
            if request.path == "/api/ciphers/create":
                created.append(1)
                if len(created) == 4:
                    place.company.service.end_sessions()

        proxy.before = before
        self.completed(place)
        assert len(logins) == 2

    @pytest.mark.parametrize("who", list(GUARDS))
    def test_who_stands_before_the_server_is_no_answer_of_it(
        self, proxy: Proxy, place: VaultwardenPlace, who: str
    ) -> None:
        """From some request on, as when the session there is over; then a person looks."""
        answer, created = GUARDS[who], list[int]()

        def before(request: Request) -> Fault | None:
            created.extend([1] if request.path == "/api/ciphers/create" else [])
            return Fault(answer=answer) if len(created) > 3 else None

        proxy.before = before
        with pytest.raises(UnavailableError) as error:
            sync(place.open(), ITEMS)
        assert error.value.kind == "guarded-server", error.value.message
        proxy.before = lambda _: None
        self.completed(place)
