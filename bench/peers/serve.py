"""How every ASGI peer is served: one uvicorn process, with the fastest parts that it has and no needless one.

    python -m bench.peers.serve MODULE:APP PORT

`AS_SHIPPED=1` serves it with uvicorn's defaults instead, which accept the permessage-deflate that every browser offers:
what somebody gets who types `uvicorn module:app`.
"""

import os
import sys

import uvicorn

from infra.listen import allow_sockets

if __name__ == "__main__":
    allow_sockets()
    uvicorn.run(
        sys.argv[1],
        host="127.0.0.1",
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
        ws_per_message_deflate=os.environ.get("AS_SHIPPED") == "1",  # uvicorn's default is True
    )
