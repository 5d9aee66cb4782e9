"""FastAPI on uvicorn, httptools and uvloop: `fastapi_app.py PORT`. Its documentation's form: models of pydantic."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from scoring import Row, load, reply

score = load()
app = FastAPI()


class Body(BaseModel):
    """A request."""

    rows: list[Row]


@app.post("/predict")
async def predict(body: Body) -> dict[str, Any]:
    """Scored in the event loop: its pool of threads made this model slower, not faster."""
    return {"predictions": [reply(found) for found in score([row.model_dump() for row in body.rows])]}


uvicorn.run(app, port=int(sys.argv[1]), http="httptools", loop="uvloop", access_log=False, log_level="warning")
