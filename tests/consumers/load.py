"""Requests to every pod all the time, and what is wrong with the answers.

Problems are counted by the pod that made the mistake. A token of a pod is shown to that
pod and to a faultless one; a pod is shown its own tokens and those of faultless ones.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import jwt

from tests.consumers.pods import Answer, Pod
from tests.consumers.probes import PROBES, Known
from tests.consumers.rotations import LIFETIME

_THREADS = 4
_PAUSE = 0.1
"""Seconds after each visit of a pod: a move is seen at once, and the services have time to answer."""
_COOKIE = {"httponly": True, "secure": True, "samesite": "strict"}


@dataclass(frozen=True)
class Issued:
    token: str
    expires: float


class Load:
    """``faultless``: the pods that the others are measured by."""

    def __init__(self, pods: Sequence[Pod], faultless: Sequence[Pod], known: Known) -> None:
        self.pods, self.faultless, self.known = pods, faultless, known
        self.problems: dict[str, Counter[str]] = {pod.name: Counter() for pod in pods}
        self.requests = 0
        self._issued: dict[str, deque[Issued]] = {pod.name: deque(maxlen=200) for pod in pods}
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []

    def __enter__(self) -> Self:
        for at in range(_THREADS):
            thread = threading.Thread(target=self._work, args=(self.pods[at::_THREADS], at))
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _work(self, pods: Sequence[Pod], seed: int) -> None:
        chance = random.Random(seed)
        try:
            while not self._end.is_set():
                for pod in pods:
                    self._log_in(pod, chance)
                    self._show_tokens(pod, chance)
                    self._call_api(pod, chance)
                    self._probe(pod)
                    self._end.wait(_PAUSE)
        except BaseException as error:  # noqa: BLE001 - shown where the load ends
            self._failures.append(error)

    def _expect(self, pod: Pod, word: str, answer: Answer, *, accepted: bool) -> bool:
        """Whether the answer is right; ``word`` is of the problem if it is not."""
        self.requests += 1
        right = answer.status == (200 if accepted else 401)
        if not right:
            self.problems[pod.name][f"{word}: {answer.status}"] += 1
        return right

    def _log_in(self, pod: Pod, chance: random.Random) -> None:
        answer = pod.ask("POST", "/login")
        if not self._expect(pod, "login", answer, accepted=True):
            return
        access, renewing = answer.cookies["pa_token"], answer.cookies["pa_refresh"]
        if any(access[name] != value and str(access[name]).lower() != value
               for name, value in _COOKIE.items()):  # fmt: skip
            self.problems[pod.name]["cookie"] += 1
        claims = jwt.decode(access.value, options={"verify_signature": False})
        if claims["exp"] - claims["iat"] != LIFETIME:
            self.problems[pod.name]["lifetime"] += 1
        self._issued[pod.name].append(Issued(access.value, claims["exp"]))
        peer = chance.choice(self.faultless)
        for one in (pod, peer):
            bearer = {"Authorization": f"Bearer {access.value}"}
            sent = chance.choice([bearer, {"Cookie": f"pa_token={access.value}"}])
            self._expect(pod, "login refused", one.ask("GET", "/me", **sent), accepted=True)
            cookie = f"pa_refresh={renewing.value}"
            answer = one.ask("POST", "/refresh", Cookie=cookie)
            self._expect(pod, "refresh refused", answer, accepted=True)
        for path, cookie in (
            ("/me", f"pa_token={renewing.value}"),
            ("/refresh", f"pa_refresh={access.value}"),
        ):
            answer = pod.ask("GET" if path == "/me" else "POST", path, Cookie=cookie)
            self._expect(pod, "other use", answer, accepted=False)

    def _show_tokens(self, pod: Pod, chance: random.Random) -> None:
        """Tokens live to their end, wherever they are shown."""
        peer = chance.choice(self.faultless)
        for signer, verifier in ((pod, peer), (pod, pod), (peer, pod)):
            one = self._oldest(signer)
            if one is not None:
                answer = verifier.ask("GET", "/me", Authorization=f"Bearer {one.token}")
                self._expect(pod, "refused", answer, accepted=True)

    def _oldest(self, pod: Pod) -> Issued | None:
        issued = self._issued[pod.name]
        while issued and issued[0].expires < time.time() + 0.5:
            issued.popleft()
        return issued[0] if issued else None

    def _call_api(self, pod: Pod, chance: random.Random) -> None:
        peer = chance.choice(self.faultless)
        answer = pod.ask("GET", "/data", X_API_Key=peer.mount.files["api-key"])
        self._expect(pod, "API key refused", answer, accepted=True)
        answer = pod.ask("GET", "/report")
        if self._expect(pod, "report", answer, accepted=True) and answer.body != "200":
            self.problems[pod.name][f"own API key refused: {answer.body}"] += 1

    def _probe(self, pod: Pod) -> None:
        """What no service issues; judged only if the mount did not change meanwhile."""
        for word, accepted, make in PROBES:
            swaps = pod.mount.swaps
            sent = make(self.known, pod.mount.files)
            if sent is None:
                continue
            answer = pod.ask("GET", sent.path, **sent.headers)
            unchanged = swaps % 2 == 0 and pod.mount.swaps == swaps
            if unchanged and time.time() < sent.until:
                self._expect(pod, word, answer, accepted=accepted)
