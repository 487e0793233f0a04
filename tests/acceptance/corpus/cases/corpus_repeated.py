"""Statements sent once for each row."""

import itertools
from functools import partial

import pytest
from blog.models import Author, Comment, Post
from hr.models import Department, Employee
from music.models import Album, Artist, Track
from school.models import Course, Enrolment, Student
from shop.models import Address, Category, Customer, Line, Order, Payment, Product, Setting
from shop.services import Invoicing, Shipping, customer_names, outline, products_of
from sqlalchemy import exists, func, lambda_stmt, select, text
from sqlalchemy.orm import Session
from stock import queries


def test_get_in_a_loop(session):  # bad
    keys = session.scalars(select(Line.product_id).distinct()).all()
    names = []
    for key in keys:
        product = session.get(Product, key)  # expect: QS103
        names.append(product.name)
    # cure-contains: .in_(
    assert len(names) == 6


def test_get_in_a_service(session):  # bad
    assert len(products_of(session, [1, 2, 3, 4])) == 4
    # cure-contains: .in_(


def test_legacy_query_get(school_session):  # bad
    enrolments = school_session.query(Enrolment.student_id).distinct().all()
    for (key,) in enrolments:
        query = school_session.query(Student)
        assert query.filter(Student.id == key).one().name  # expect: QS103


def test_legacy_filter_by_first(school_session):  # bad
    titles = [title for (title,) in school_session.query(Course.title)]
    courses = []
    for title in titles:
        courses.append(
            school_session.query(Course).filter_by(title=title).first()  # expect: QS103|QS104
        )
    assert len(courses) == 3


def test_scalar_by_id(session):  # bad
    orders = session.scalars(select(Order)).all()
    for order in orders:
        city = session.scalar(  # expect: QS103
            select(Customer.city).where(Customer.id == order.customer_id)
        )
        assert city == "Zürich"


def test_execute_scalar_one_in_a_comprehension(session):  # bad
    ids = session.scalars(select(Product.id)).all()
    prices = {
        key: session.execute(  # expect: QS103
            select(Product.price).where(Product.id == key)
        ).scalar_one()
        for key in ids
    }
    assert len(prices) == 6


def test_count_per_row(session):  # bad
    report = {}
    for category in session.scalars(select(Category)).all():  # parent:
        query = select(func.count(Product.id)).where(Product.category_id == category.id)
        report[category.name] = session.scalar(query)  # expect: QS103|QS104
    assert report == {"tea": 2, "coffee": 2, "cups": 2}


def test_legacy_count_per_row(school_session):  # bad
    for course in school_session.query(Course).all():
        query = school_session.query(Enrolment).filter_by(course_id=course.id)
        assert query.count() >= 2  # expect: QS103|QS104


def test_exists_check_per_row(session):  # bad
    assert Invoicing(session).unpaid() == []


def test_legacy_exists_per_row(school_session):  # bad
    busy = []
    for student in school_session.query(Student):
        query = school_session.query(Enrolment).filter(Enrolment.student_id == student.id)
        if school_session.query(query.exists()).scalar():  # expect: QS103|QS104
            busy.append(student.name)
    assert len(busy) == 4


def test_newest_order_of_each(session):  # bad
    assert list(outline(session).values()) == [2, 4, 6, 8]


def test_top_comment_of_each_post(blog_sessions):  # bad
    with blog_sessions() as session:
        for post in session.scalars(select(Post)).all():  # parent:
            best = session.scalars(  # expect: QS104|QS103
                select(Comment)
                .where(Comment.post_id == post.id)
                .order_by(Comment.id.desc())
                .limit(1)
            ).one()
            assert best.text


def test_legacy_first_of_each(school_session):  # bad
    marks = []
    for student in school_session.query(Student).all():
        best = (
            school_session.query(Enrolment)
            .filter(Enrolment.student_id == student.id)
            .order_by(Enrolment.grade.desc())
            .first()  # expect: QS104|QS103
        )
        marks.append(best.grade)
    assert marks == [5.0] * 4


def test_first_page_of_each_parent(blog_sessions):  # bad
    with blog_sessions() as session:
        pages = {}
        for author in session.scalars(select(Author)).all():
            query = select(Post).where(Post.author_id == author.id).order_by(Post.id)
            pages[author.id] = session.scalars(  # expect: QS104|QS103
                query.limit(10).offset(0)
            ).all()
        assert [len(page) for page in pages.values()] == [2, 2, 2]


def test_maximum_per_row(music_session):  # bad
    longest = []
    for album in music_session.scalars(select(Album)).all():
        query = select(func.max(Track.seconds)).where(Track.album_id == album.id)
        longest.append(music_session.scalar(query))  # expect: QS103|QS104
    assert longest == [180] * 6


def test_class_based_service(session):  # bad
    assert len(Invoicing(session).amounts()) == 8


def test_helper_called_in_a_loop(session):  # bad
    assert len(customer_names(session)) == 8


def test_repository_get_by_id(session):  # bad
    assert Shipping(session).names([3, 1, 2]) == ["product 2", "product 0", "product 1"]


def test_two_repositories_by_id(session):  # bad
    assert len(Shipping(session).labels([1, 3, 5, 7])) == 4


def test_repository_find_in_a_loop(session):  # bad
    names = session.scalars(select(Product.name)).all()
    assert None not in Shipping(session).by_name(names)


def test_repository_count_in_a_loop(session):  # bad
    assert set(Shipping(session).sizes().values()) == {2}


def test_object_session_property(session):  # bad
    customers = session.scalars(select(Customer)).all()
    assert [customer.order_count for customer in customers] == [2] * 4


def test_hybrid_with_its_own_query(school_session):  # bad
    students = school_session.query(Student).all()
    assert {student.best for student in students} == {5.0}


def test_loop_invariant_setting(session):  # bad
    assert len(Invoicing(session).with_vat()) == 8


def test_loop_invariant_in_a_comprehension(session):  # bad
    orders = session.scalars(select(Order)).all()
    query = select(Setting.value).where(Setting.name == "currency")
    currencies = [
        session.scalar(query)  # expect: QS105|QS201|QS103
        for order in orders
        if order.total
    ]
    assert currencies[0] == "CHF"


def test_loop_invariant_list(session):  # bad
    matches = 0
    for line in session.scalars(select(Line)).all():
        known = session.scalars(select(Product.id)).all()  # expect: QS105|QS201|QS103
        matches += line.product_id in known
    assert matches == 16


def test_core_execute_in_a_loop(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert set(queries.quantities(connection).values()) == {20}


def test_prepared_core_statement(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert queries.by_sku(connection, ["S1", "S2", "S3"]) == ["item 1", "item 2", "item 3"]


def test_text_in_a_loop(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert set(queries.cities(connection)) == {"Bern", "Basel"}


def test_exec_driver_sql_in_a_loop(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert queries.driver_sql(connection) == 30


def test_inline_literals(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert len(queries.inline_literals(connection)) == 5


def test_comments_differ(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert len(queries.commented(connection)) == 5


def test_single_element_in(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert queries.single_element_in(connection) == 10


def test_two_lines_in_one_loop(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert queries.two_lines(connection)[1] == (3, 2)


def test_generator_function(stock_engine):  # bad
    with stock_engine.connect() as connection:
        keys = connection.exec_driver_sql("SELECT id FROM items").scalars().all()
        assert "item 5" in set(queries.item_names(connection, keys))


def test_nested_core_loops(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert len(queries.warehouse_report(connection)["Bern"]) == 5


def test_text_through_a_session(session):  # bad
    query = text("SELECT count(*) FROM lines WHERE order_id = :order_id")
    counts = []
    for order in session.scalars(select(Order)):
        counts.append(
            session.execute(query, {"order_id": order.id}).scalar()  # expect: QS103|QS104
        )
    assert counts == [2] * 8


def test_connection_of_a_session(session):  # bad
    connection = session.connection()
    for key in session.scalars(select(Customer.id)).all():
        rows = connection.exec_driver_sql(  # expect: QS103|QS104
            f"SELECT street FROM addresses WHERE customer_id = {key}"
        )
        assert len(rows.all()) == 2


def test_while_with_a_queue(hr_session):  # bad
    queue = [1]
    visited = []
    while queue:
        key = queue.pop(0)
        visited.append(key)
        query = select(Department.id).where(Department.parent_id == key)
        queue += hr_session.scalars(query).all()  # expect: QS103|QS104
    assert len(visited) == 7


def depth(session: Session, key: int) -> int:
    parent = session.scalar(  # expect[recursive_function_upwards]: QS103
        select(Department.parent_id).where(Department.id == key)
    )
    return 0 if parent is None else 1 + depth(session, parent)


def test_recursive_function_upwards(hr_session):  # bad
    keys = hr_session.scalars(select(Department.id)).all()
    assert max(depth(hr_session, key) for key in keys) == 2


def subordinates(session: Session, boss: int) -> list[str]:
    query = select(Employee.id, Employee.name).where(Employee.boss_id == boss)
    names = []
    for key, name in session.execute(  # expect[recursion_through_a_function]: QS103|QS104
        query
    ).all():
        names.append(name)
        names += subordinates(session, key)
    return names


def test_recursion_through_a_function(hr_session):  # bad
    assert len(subordinates(hr_session, 1)) == 2


def test_lambda_passed_to_map(session):  # bad
    ids = session.scalars(select(Order.customer_id)).all()
    reload = partial(session.get, Customer, populate_existing=True)
    found = map(lambda key: reload(key), ids)  # noqa: C417 # either: QS103
    assert len(list(found)) == 8  # either: QS103


def test_partial_passed_to_map(music_session):  # bad
    keys = music_session.scalars(select(Artist.id)).all()
    find = partial(music_session.get, Artist)
    artists = list(map(find, keys))  # expect: QS103
    assert len(artists) == 3


def test_itertools_chain(music_session):  # bad
    keys = music_session.scalars(select(Artist.id)).all()

    def albums(key: int):
        return music_session.scalars(  # either: QS103|QS104
            select(Album.title).where(Album.artist_id == key)
        )

    titles = list(itertools.chain.from_iterable(albums(key) for key in keys))  # either: QS103|QS104
    assert len(titles) == 6


def test_dict_of_addresses(session):  # bad
    customers = session.scalars(select(Customer)).all()
    book = dict(  # noqa: C402
        (
            customer.name,
            session.scalars(  # expect: QS103|QS104
                select(Address.street).filter_by(customer_id=customer.id)
            ).all(),
        )
        for customer in customers
    )
    assert len(book) == 4


def test_enumerate_and_zip(session):  # bad
    orders = session.scalars(select(Order).limit(4)).all()
    for index, (order, fee) in enumerate(zip(orders, (1, 2, 3, 4), strict=True)):
        query = select(func.sum(Payment.amount)).where(Payment.order_id == order.id)
        assert session.scalar(query) + fee > index  # expect: QS103|QS104


def test_inner_function_closes_over_the_session(session):  # bad
    def paid(order: Order) -> bool:
        query = select(exists().where(Payment.order_id == order.id, Payment.amount > 5))
        return bool(session.scalar(query))  # either: QS103|QS104

    orders = session.scalars(select(Order)).all()
    assert all(paid(order) for order in orders)  # either: QS103|QS104


def test_lambda_statement(session):  # bad
    names = []
    for key in session.scalars(select(Order.customer_id).distinct()).all():
        statement = lambda_stmt(lambda: select(Customer.name).where(Customer.id == key))  # noqa: B023
        names.append(session.execute(statement).scalar_one())  # expect: QS103
    assert len(names) == 4


@pytest.mark.parametrize("limit", [3, 5])
def test_parametrised_loop(session, limit):  # bad
    ids = session.scalars(select(Product.id).limit(limit)).all()
    for key in ids:
        assert session.scalar(select(Product.name).where(Product.id == key))  # expect: QS103


def test_session_per_row(blog_sessions):  # bad
    with blog_sessions() as session:
        keys = session.scalars(select(Post.id)).all()
    for key in keys:
        with blog_sessions() as session:
            assert session.get(Post, key).title  # expect: QS103


def test_get_one(session):  # bad
    for (key,) in session.execute(select(Line.product_id).distinct()):
        assert session.get_one(Product, key).price  # expect: QS103


def test_same_shape_in_three_spellings(session):  # bad
    prices = []
    for key in session.scalars(select(Product.id)).all():
        sql = (
            f"select price  from products where id = {key}"
            if key % 2
            else f"SELECT price FROM products\nWHERE id = {key}"
        )
        prices.append(session.execute(text(sql)).scalar_one())  # expect: QS103
    assert len(prices) == 6


def test_get_with_a_composite_filter(session):  # bad
    for order in session.scalars(select(Order)).all():
        query = select(Line).where(Line.order_id == order.id, Line.quantity == 2)
        assert session.scalars(query).one().id  # expect: QS103|QS104


def test_select_with_a_relationship_criterion(session):  # bad
    for customer in session.scalars(select(Customer)).all():
        orders = session.scalars(  # expect: QS103|QS104|QS101
            select(Order).where(Order.customer == customer)
        ).all()
        assert len([order.id for order in orders]) == 2


def test_with_parent(blog_sessions):  # bad
    from sqlalchemy.orm import with_parent

    with blog_sessions() as session:
        for author in session.scalars(select(Author)).all():
            query = select(Post.title).where(with_parent(author, Author.posts))
            assert len(session.scalars(query).all()) == 2  # expect: QS103|QS104|QS101
