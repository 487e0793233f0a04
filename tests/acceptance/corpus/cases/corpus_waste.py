"""Work that nobody needed: read twice, loaded ahead, multiplied, counted by hand."""

from blog.models import Author, Post
from hr.models import Department, Employee
from music.models import Album, Artist, Track
from school.models import Enrolment, Student
from shop import checkout
from shop.models import Category, Customer, Line, Order, Payment, Product, Setting
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload
from stock.tables import items, movements, stock, suppliers

counted = stock.alias("counted")


def test_duplicate_read_in_one_function(session):  # bad
    assert checkout.confirm(session, 3) == "open: 10.00"


def test_duplicate_read_through_helpers(session):  # bad
    assert checkout.packing_slip(session, 1) == "product 0, product 1: 3 g"


def price_with_vat(connection, price):
    rate = connection.execute(  # either[duplicate_core_read]: QS201
        text("SELECT value FROM settings WHERE name = 'vat'")
    ).scalar_one()
    return price * (100 + float(rate)) / 100


def offer(connection):
    rate = connection.execute(  # either[duplicate_core_read]: QS201
        text("SELECT value FROM settings WHERE name = 'vat'")
    ).scalar_one()
    gross = price_with_vat(connection, 100)
    return f"{gross:.2f} including {rate} %"


def test_duplicate_core_read(shop_engine):  # bad
    with shop_engine.connect() as connection:
        assert offer(connection) == "108.10 including 8.1 %"


class Permissions:
    def __init__(self, session, name):
        self.session, self.name = session, name

    @property
    def employee(self):
        query = select(Employee).where(Employee.name == self.name)
        return self.session.scalars(query).one()  # expect[property_read_three_times]: QS201

    def may_pay(self, amount):
        if self.employee.kind != "manager":
            return False
        return self.employee.salary > amount or self.employee.department_id == 1


def test_property_read_three_times(hr_session):  # bad
    assert Permissions(hr_session, "head of company").may_pay(9000)


def dashboard(session):
    students = (
        session.query(Student).order_by(Student.name).all()
    )  # either[duplicate_legacy_list]: QS201
    first = students[0].name
    listing = (
        session.query(Student).order_by(Student.name).all()
    )  # either[duplicate_legacy_list]: QS201
    return first, [student.born for student in listing]


def test_duplicate_legacy_list(school_session):  # bad
    assert dashboard(school_session)[0] == "student 0"


def test_unused_joinedload(session):  # bad
    assert checkout.statuses(session) == {"open"}


def test_unused_selectinload(session):  # bad
    assert sum(checkout.totals(session)) == 80


def test_unused_subqueryload(session):  # bad
    assert len(checkout.names(session)) == 4


def test_unused_second_level(session):  # bad
    assert checkout.quantities(session) == 24


def young(session):
    query = session.query(Student).options(joinedload(Student.enrolments))
    students = query.all()  # expect[unused_legacy_joinedload]: QS202 Student.enrolments
    return [student.name for student in students if student.born.year > 1999]


def test_unused_legacy_joinedload(school_session):  # bad
    assert len(young(school_session)) == 4


def titles(session):
    query = (
        select(Album)
        .join(Album.artist)
        .options(contains_eager(Album.artist), selectinload(Album.tracks))
    )
    albums = session.scalars(
        query
    ).all()  # expect[one_of_two_eager_loads_unused]: QS202 Album.tracks
    return [f"{album.artist.name}: {album.title}" for album in albums]


def test_one_of_two_eager_loads_unused(music_session):  # bad
    assert len(titles(music_session)) == 6


def test_cartesian_joinedloads(session):  # bad
    assert checkout.balance(session) == -56
    # cure-contains: selectinload(


def test_cartesian_joins(session):  # bad
    assert checkout.joined_report(session) == 8


def profile(session):
    query = (
        session.query(Department)
        .options(joinedload(Department.children), joinedload(Department.employees))
        .filter(Department.id == 1)
    )
    company = query.one()  # expect[cartesian_legacy_joinedloads]: QS203
    names = [child.name for child in company.children]
    return names + [employee.name for employee in company.employees]


def test_cartesian_legacy_joinedloads(hr_session):  # bad
    assert len(profile(hr_session)) == 5


def card(session):
    query = select(Post).options(joinedload(Post.comments), joinedload(Post.tags))
    posts = session.scalars(query).unique()  # expect[cartesian_with_many_to_many]: QS203
    return [
        (post.title, [comment.text for comment in post.comments], [tag.name for tag in post.tags])
        for post in posts
    ]


def test_cartesian_with_many_to_many(blog_sessions):  # bad
    with blog_sessions() as session:
        assert len(card(session)) == 6


def levels(connection):
    query = (
        select(items.c.sku, stock.c.quantity, suppliers.c.name)
        .join(stock, stock.c.item_id == items.c.id)
        .join(suppliers, suppliers.c.item_id == items.c.id)
    )
    return connection.execute(query).all()  # expect[cartesian_core_tables]: QS203


def test_cartesian_core_tables(stock_engine):  # bad
    with stock_engine.connect() as connection:
        assert {row.sku for row in levels(connection)} == {"S1", "S2", "S3", "S4", "S5"}
    # cure-contains: query_stock = select(items.c.sku, stock.c.quantity).join(stock, stock.c.item_id


def test_rows_loaded_to_count(session):  # bad
    assert checkout.how_many(session) == 16
    # cure-contains: count(


def enrolled(session, student_id):
    query = session.query(Enrolment).filter_by(student_id=student_id)
    return len(query.all())  # expect[legacy_rows_loaded_to_count]: QS204


def test_legacy_rows_loaded_to_count(school_session):  # bad
    assert enrolled(school_session, 1) == 2


def playing_time(session):
    tracks = list(session.scalars(select(Track)))  # expect[list_loaded_to_count]: QS204
    return f"{len(tracks)} tracks"


def test_list_loaded_to_count(music_session):  # bad
    assert playing_time(music_session) == "12 tracks"


def test_loop_invariant_core(stock_engine):  # bad
    with stock_engine.connect() as connection:
        shares = []
        for place in connection.execute(select(stock)).all():
            total = connection.scalar(
                select(func.sum(stock.c.quantity))
            )  # expect: QS105|QS201|QS103
            shares.append(place.quantity / total)
        assert round(sum(shares), 6) == 1


def labelled(session):
    texts = []
    for product in session.scalars(select(Product)).all():
        categories = session.scalars(  # expect[loop_invariant_entities]: QS105|QS201|QS103
            select(Category).order_by(Category.name)
        ).all()
        position = [category.id for category in categories].index(product.category_id)
        texts.append(f"{position} {product.name}")
    return texts


def test_loop_invariant_entities(session):  # bad
    assert len(labelled(session)) == 6


def vat(session):
    query = session.query(Setting.value).filter_by(name="vat")
    return float(query.scalar())  # either[loop_invariant_helper]: QS105|QS201|QS103


def test_loop_invariant_helper(session):  # bad
    orders = session.query(Order).all()
    gross = [
        float(order.total) * (1 + vat(session)) for order in orders
    ]  # either: QS105|QS201|QS103
    assert len(gross) == 8


def test_loop_invariant_while(session):  # bad
    remaining = session.scalars(select(Customer)).all()
    shipped = []
    while remaining:
        customer = remaining[0]
        remaining = remaining[1:]
        currency = session.execute(  # expect: QS105|QS201|QS103
            select(Setting.value).filter_by(name="currency")
        ).scalar_one()
        shipped.append((customer.name, currency))
    assert len(shipped) == 4


def test_loop_invariant_lazy_author_query(blog_sessions):  # bad
    with blog_sessions() as session:
        lines = []
        for post in session.scalars(select(Post)).all():
            newest = session.scalars(  # expect: QS105|QS201|QS104|QS103
                select(Author).order_by(Author.id.desc()).limit(1)
            ).one()
            lines.append(f"{post.title} (newest author: {newest.name})")
        assert len(lines) == 6


def test_movements_joined_with_suppliers(stock_engine):  # bad
    query = (
        select(stock.c.id, movements.c.change, suppliers.c.name)
        .select_from(stock)
        .outerjoin(movements, movements.c.stock_id == stock.c.id)
        .outerjoin(suppliers, suppliers.c.item_id == stock.c.item_id)
        .where(stock.c.warehouse_id == 1)
    )
    with stock_engine.connect() as connection:
        rows = connection.execute(query).all()  # expect: QS203
        assert {row.id for row in rows} == {1, 2, 3, 4, 5}
    # cure-contains: query_suppliers = select(stock.c.id, suppliers.c.name).select_from(stock).outer


def test_artists_with_two_collections_through_albums(music_session):  # bad
    query = select(Artist.name, Album.title, Track.title).join(Artist.albums).join(Album.tracks)
    names = []
    for artist in music_session.scalars(select(Artist)).all():
        rows = music_session.execute(query.where(Artist.id == artist.id))  # expect: QS103|QS104
        names += [title for _, _, title in rows]
    assert len(names) == 12


def of_each(table, key, *columns):
    return select(key.label("item"), *columns).group_by("item" if table is stock else key)


def test_sums_of_each_joined_side_by_side(stock_engine):  # good
    in_stock = of_each(stock, stock.c.item_id, func.sum(stock.c.quantity).label("n")).subquery()
    sold_by = of_each(suppliers, suppliers.c.item_id, func.count().label("n")).cte("sold_by")
    query = (
        select(items.c.sku, in_stock.c.n, sold_by.c.n)
        .outerjoin(in_stock, in_stock.c.item == items.c.id)
        .outerjoin(sold_by, sold_by.c.item == items.c.id)
    )
    with stock_engine.connect() as connection:
        assert len(connection.execute(query).all()) == 5


def test_sums_of_several_columns_joined_by_one(stock_engine):  # bad
    by_warehouse = (
        select(stock.c.item_id, stock.c.warehouse_id, func.sum(stock.c.quantity).label("n"))
        .group_by(stock.c.item_id, stock.c.warehouse_id)
        .subquery()
    )
    query = (
        select(items.c.sku, by_warehouse.c.n, suppliers.c.name)
        .outerjoin(by_warehouse, by_warehouse.c.item_id == items.c.id)
        .outerjoin(suppliers, suppliers.c.item_id == items.c.id)
    )
    with stock_engine.connect() as connection:
        rows = connection.execute(query).all()  # expect: QS203
        assert len(rows) > 5
    # cure-contains: query_stock = select(items.c.sku, by_warehouse.c.n).outerjoin(by_warehouse


def test_the_sums_of_lines_and_of_payments_by_mapped_classes(session):  # good
    paid = (
        select(Payment.order_id, func.sum(Payment.amount).label("amount"))
        .group_by(Payment.order_id)
        .subquery()
    )
    contained = select(Line.order_id, Line.product_id).distinct(Line.order_id).subquery()
    query = (
        select(Order.id, paid.c.amount, contained.c.product_id)
        .outerjoin(paid, paid.c.order_id == Order.id)
        .outerjoin(contained, contained.c.order_id == Order.id)
    )
    assert len(session.execute(query).all()) >= 8


def open_orders(session):
    return session.query(Order).options(selectinload(Order.lines)).filter(Order.status == "nowhere")


def test_an_eager_load_that_a_count_leaves_out(session):  # good
    assert open_orders(session).count() == 0
    assert len([order.id for order in session.scalars(select(Order))]) >= 4


def test_an_eager_load_of_no_rows_beside_rows_of_another_query(session):  # good
    assert open_orders(session).all() == []
    assert len([order.id for order in session.scalars(select(Order))]) >= 4


def test_an_unused_eager_load_below_another(session):  # bad
    query = select(Customer).options(selectinload(Customer.orders).selectinload(Order.lines))
    customers = session.scalars(query).all()  # expect: QS202 Order.lines
    assert sum(len(customer.orders) for customer in customers) >= 4


def assert_nowhere(session):
    orders = session.scalars(select(Order).where(Order.status == "nowhere")).all()
    assert len(orders) == 0


def test_a_helper_that_asserts_how_many_there_are(session):  # good
    assert_nowhere(session)


def revision(connection):
    return connection.execute(text("SELECT value FROM settings")).scalars().first()


def migrate(connection, revisions):
    for name in revisions:
        done = revision(connection)
        connection.execute(text("UPDATE settings SET value = :to"), {"to": f"{done[:3]}{name}"})


def test_steps_that_each_ask_how_far_it_has_come(shop_engine):  # good
    with shop_engine.connect() as connection:
        migrate(connection, ["a", "b", "c"])
        assert revision(connection).endswith("c")


class ConflictError(Exception):
    pass


def ship(engine, order_ids, attempts):
    while attempts:
        attempts -= 1
        try:
            if attempts:
                raise ConflictError
            break
        except ConflictError:
            statuses = {}
            for order_id in sorted(set(order_ids)):
                with Session(engine) as session:
                    statuses[order_id] = session.get(Order, order_id).status
    return statuses


def test_what_is_read_anew_before_each_new_attempt(shop_engine):  # good
    assert len(ship(shop_engine, [1, 1], 3)) == 1


def test_three_branches_are_read_by_a_query_each(stock_engine):  # bad
    query = (
        select(stock.c.id, movements.c.change, suppliers.c.name, items.c.sku)
        .join(items, items.c.id == stock.c.item_id)
        .outerjoin(movements, movements.c.stock_id == stock.c.id)
        .outerjoin(suppliers, suppliers.c.item_id == stock.c.item_id)
        .outerjoin(counted, counted.c.item_id == stock.c.item_id)
        .add_columns(counted.c.quantity)
    )
    with stock_engine.connect() as connection:
        assert connection.execute(query).all()  # expect: QS203
    # cure-contains: query_movements = select(stock.c.id, movements.c.change, items.c.sku).join(items
