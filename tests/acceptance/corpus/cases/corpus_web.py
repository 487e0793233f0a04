"""Web frameworks, templates, serializers, GraphQL and concurrency."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import jinja2
import pytest
import strawberry
from blog.models import Author, Comment, Post
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask, jsonify
from pydantic import BaseModel, ConfigDict
from shop.models import Customer, Line, Order
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.templating import Jinja2Templates
from starlette.testclient import TestClient as StarletteClient

TEMPLATES = Path(__file__).parent / "shop" / "templates"


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    quantity: int


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    lines: list[LineOut]


def test_web_pydantic_from_attributes(session):  # hard-bad
    orders = session.scalars(select(Order)).all()  # parent:
    shown = [OrderOut.model_validate(order) for order in orders]  # expect: QS101 Order.lines
    # cure-contains: selectinload(Order.lines)
    assert len(shown) == 8


def test_web_jinja_loop(session):  # hard-bad
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    orders = session.scalars(select(Order)).all()  # parent:
    page = environment.get_template("orders.html").render(orders=orders)
    # cure-contains: selectinload(Order.lines).joinedload(Line.product)
    assert page.count("×") == 16


def test_web_jinja_eager(session):  # hard-good
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    orders = session.scalars(select(Order).options(joinedload(Order.customer))).all()
    assert "customer 0" in environment.get_template("summary.html").render(orders=orders)


@pytest.fixture
def api(shop_engine):
    app = FastAPI()

    def database():
        with Session(shop_engine) as session:
            yield session

    @app.get("/orders", response_model=list[OrderOut])
    def orders(
        session: Session = Depends(database),
    ):  # expect[web_response_model, web_response_model_over_httpx]: QS101 Order.lines
        return session.scalars(
            select(Order)
        ).all()  # parent[web_response_model, web_response_model_over_httpx]:

    @app.get("/eager", response_model=list[OrderOut])
    def eager(session: Session = Depends(database)):
        return session.scalars(select(Order).options(selectinload(Order.lines))).all()

    @app.get("/orders/{key}", response_model=OrderOut)
    def order(key: int, session: Session = Depends(database)):
        return session.get(Order, key)

    @app.get("/loop")
    def loop(session: Session = Depends(database)):
        found = []
        for key in session.scalars(select(Order.id)).all():
            found.append(session.get(Order, key).status)  # expect[web_get_in_an_endpoint]: QS103
        return found

    return app


def test_web_response_model(api):  # hard-bad
    with TestClient(api) as client:
        assert len(client.get("/orders").json()) == 8
    # cure-contains: selectinload(Order.lines)


async def test_web_response_model_over_httpx(api):  # hard-bad
    transport = httpx.ASGITransport(app=api)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        assert len((await client.get("/orders")).json()) == 8


def test_web_get_in_an_endpoint(api):  # bad
    assert len(TestClient(api).get("/loop").json()) == 8


def test_web_response_model_eager(api):  # good
    assert len(TestClient(api).get("/eager").json()) == 8


def test_web_several_requests(api):  # good
    client = TestClient(api)
    for key in (1, 2, 3):
        assert client.get(f"/orders/{key}").json()["id"] == key


def test_web_list_then_details(api):  # good
    client = TestClient(api)
    listed = client.get("/eager").json()
    details = [client.get(f"/orders/{order['id']}").json() for order in listed]
    assert [detail["id"] for detail in details] == [order["id"] for order in listed]


async def test_web_concurrent_requests(api):  # good
    transport = httpx.ASGITransport(app=api)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        answers = await asyncio.gather(*(client.get(f"/orders/{key}") for key in (1, 2, 3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.fixture
def pages(shop_engine):
    templates = Jinja2Templates(directory=TEMPLATES)

    def show(request):
        with Session(shop_engine) as session:
            orders = session.scalars(select(Order)).all()  # parent[web_starlette_template]:
            return templates.TemplateResponse(request, "orders.html", {"orders": orders})

    def names(request):
        with Session(shop_engine) as session:
            lines = session.scalars(select(Line)).all()
            return JSONResponse(
                [line.product.name for line in lines]
            )  # expect[web_starlette_sync]: QS101 Line.product

    return Starlette(routes=[Route("/", show), Route("/names", names)])


def test_web_starlette_template(pages):  # hard-bad
    assert "×" in StarletteClient(pages).get("/").text


def test_web_starlette_sync(pages):  # bad
    assert len(StarletteClient(pages).get("/names").json()) == 16


@pytest.fixture
def flask_app(shop_engine):
    app = Flask(__name__)

    @app.get("/customers")
    def customers():
        with Session(shop_engine) as session:
            found = session.scalars(select(Customer)).all()  # parent[web_flask_view]:
            return jsonify(
                [len(customer.orders) for customer in found]
            )  # expect[web_flask_view]: QS101 Customer.orders

    @app.get("/customers/<int:key>")
    def customer(key):
        with Session(shop_engine) as session:
            return jsonify(session.get(Customer, key).name)

    return app


def test_web_flask_view(flask_app):  # bad
    assert flask_app.test_client().get("/customers").json == [2, 2, 2, 2]


def test_web_flask_requests(flask_app):  # good
    client = flask_app.test_client()
    assert [client.get(f"/customers/{key}").status_code for key in (1, 2, 3)] == [200] * 3


@strawberry.type
class CommentNode:
    text: str


@strawberry.type
class PostNode:
    row: strawberry.Private[Post]

    @strawberry.field
    def title(self) -> str:
        return self.row.title

    @strawberry.field
    def comments(self) -> list[CommentNode]:
        return [
            CommentNode(text=c.text) for c in self.row.comments
        ]  # expect[web_graphql_lazy]: QS101 Post.comments

    @strawberry.field
    def author(self, info: strawberry.Info) -> str:
        session = info.context["session"]
        author = session.get(
            Author, self.row.author_id, populate_existing=True
        )  # expect[web_graphql_get]: QS103
        return author.name

    @strawberry.field
    async def answers(self, info: strawberry.Info) -> list[CommentNode]:
        async with info.context["maker"]() as session:
            query = select(Comment).where(Comment.post_id == self.row.id)
            rows = (await session.scalars(query)).all()  # expect[web_graphql_async]: QS103
        return [CommentNode(text=row.text) for row in rows]


@strawberry.type
class Query:
    @strawberry.field
    def posts(self, info: strawberry.Info) -> list[PostNode]:
        rows = info.context["session"].scalars(select(Post)).all()  # parent[web_graphql_lazy]:
        return [PostNode(row=row) for row in rows]

    @strawberry.field
    async def latest(self, info: strawberry.Info) -> list[PostNode]:
        async with info.context["maker"]() as session:
            rows = (await session.scalars(select(Post))).all()
        return [PostNode(row=row) for row in rows]


schema = strawberry.Schema(query=Query)


def test_web_graphql_lazy(blog_sessions):  # hard-bad
    with blog_sessions() as session:
        answer = schema.execute_sync(
            "{ posts { title comments { text } } }", context_value={"session": session}
        )
    assert answer.errors is None
    # cure-contains: selectinload(Post.comments)


def test_web_graphql_get(blog_sessions):  # hard-bad
    with blog_sessions() as session:
        answer = schema.execute_sync("{ posts { author } }", context_value={"session": session})
    assert answer.errors is None
    # cure-contains: DataLoader


async def test_web_graphql_async(async_blog):  # hard-bad
    answer = await schema.execute(
        "{ latest { title answers { text } } }", context_value={"maker": async_blog}
    )
    assert answer.errors is None
    # cure-contains: DataLoader


def test_web_graphql_two_operations(blog_sessions):  # hard-good
    with blog_sessions() as session:
        for _ in range(2):
            answer = schema.execute_sync("{ posts { title } }", context_value={"session": session})
            assert answer.errors is None


async def comment_count(maker, key):
    async with maker() as session:
        query = select(Comment.id).where(Comment.post_id == key)
        return len(
            (await session.scalars(query)).all()
        )  # expect[web_gather]: QS103 # allow[web_gather]: QS204


async def totals(maker):
    async with maker() as session:
        keys = (await session.scalars(select(Post.id))).all()
    return await asyncio.gather(*(comment_count(maker, key) for key in keys))


async def test_web_gather(async_blog):  # hard-bad
    assert sum(await totals(async_blog)) > 0


async def test_web_task_group(async_blog):  # hard-bad
    found = []

    async def load(key):
        async with async_blog() as session:
            found.append((await session.get(Post, key)).title)  # expect: QS103

    async with async_blog() as session:
        keys = (await session.scalars(select(Post.id))).all()
    async with anyio.create_task_group() as group:
        for key in keys:
            group.start_soon(load, key)
    assert len(found) == len(keys)


def test_web_thread_pool(blog_sessions):  # hard-bad
    def load(key):
        with blog_sessions() as session:
            return session.get(Post, key).title  # expect: QS103

    with blog_sessions() as session:
        keys = session.scalars(select(Post.id)).all()
    with ThreadPoolExecutor(2) as pool:
        assert len(list(pool.map(load, keys))) == len(keys)


async def test_web_run_sync(async_blog):  # hard-bad
    def count(session):
        posts = session.scalars(select(Post)).all()  # parent:
        return sum(len(post.comments) for post in posts)  # expect: QS101 Post.comments

    async with async_blog() as session:
        assert await session.run_sync(count) > 0


async def test_web_awaitable_attrs(async_blog):  # hard-bad
    async with async_blog() as session:
        posts = (await session.scalars(select(Post))).all()  # parent:
        found = 0
        for post in posts:
            found += len(await post.awaitable_attrs.comments)  # expect: QS101 Post.comments
    assert found > 0


async def test_web_async_get(async_blog):  # bad
    async with async_blog() as session:
        keys = (await session.scalars(select(Post.author_id))).all()
        for key in keys:
            await session.get(Author, key, populate_existing=True)  # expect: QS103


async def test_web_commit_in_a_loop(async_blog):  # bad
    for number in range(3):
        async with async_blog.begin() as session:  # expect: QS106
            session.add(Author(name=f"author {number}"))


async def test_web_to_thread(blog_sessions):  # hard-bad
    def work():
        with blog_sessions() as session:
            posts = session.scalars(select(Post)).all()  # parent:
            return [post.author.name for post in posts]  # expect: QS101 Post.author

    assert len(await asyncio.to_thread(work)) > 2
