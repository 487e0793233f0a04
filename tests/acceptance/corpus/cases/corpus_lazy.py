"""Relationships read row by row."""

from decimal import Decimal

from blog.models import Author, Comment, Post, Tag
from hr.models import Badge, Department, Employee, Engineer
from music.models import Album, Artist, Book, Shelf
from school.models import Course, Enrolment, Student, Teacher
from shop.models import Category, Customer, Line, Order, Payment, Product
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload


def test_one_to_many(session):  # bad
    orders = session.scalars(select(Order)).all()  # parent:
    quantity = 0
    for order in orders:
        for line in order.lines:  # expect: QS101 Order.lines
            quantity += line.quantity
    # cure-contains: selectinload(Order.lines)
    assert quantity == 24


def test_one_to_many_with_two_parents_only(session):  # bad
    query = select(Customer).where(Customer.id <= 2).order_by(Customer.id)
    customers = session.scalars(query).all()  # parent:
    streets = []
    for customer in customers:
        streets.append(customer.addresses[0].street)  # expect: QS101 Customer.addresses
    # cure-contains: selectinload(Customer.addresses)
    assert streets == ["0 High Street", "1 High Street"]


def test_three_rows_of_an_executed_select(session):  # bad
    rows = session.execute(select(Customer).limit(3))  # parent:
    counts = {}
    for (customer,) in rows.all():
        counts[customer.name] = len(customer.orders)  # expect: QS101 Customer.orders
    # allow: QS204
    assert set(counts.values()) == {2}


def test_many_to_one_with_distinct_parents(session):  # bad
    lines = session.scalars(  # parent:
        select(Line).order_by(Line.id),
    ).all()
    names = set()
    for line in lines:
        names.add(line.product.name)  # expect: QS101 Line.product
    # cure-contains: joinedload(Line.product) or selectinload(Line.product)
    assert len(names) == 6


def test_many_to_one_in_a_comprehension(session):  # bad
    payments = session.scalars(select(Payment)).all()  # parent:
    paid_by = [payment.order.status for payment in payments]  # expect: QS101 Payment.order
    assert set(paid_by) == {"open"}


def test_many_to_many(session):  # bad
    products = session.scalars(select(Product).order_by(Product.name)).all()  # parent:
    labels = {}
    for product in products:
        labels[product.name] = sorted(
            tag.name
            for tag in product.tags  # expect: QS101 Product.tags
        )
    # cure-contains: selectinload(Product.tags)
    assert labels["product 0"] == ["new", "sale"]


def test_many_to_many_from_the_other_side(blog_sessions):  # bad
    with blog_sessions() as session:
        tags = session.scalars(select(Tag)).all()  # parent:
        used = {
            tag.name: sum(post.views for post in tag.posts)  # expect: QS101 Tag.posts
            for tag in tags
        }
    assert set(used) == {"python", "sql", "life"}


def test_one_to_one(blog_sessions):  # bad
    with blog_sessions() as session:
        authors = session.scalars(select(Author)).all()  # parent:
        for author in authors:
            assert author.profile.bio  # expect: QS101 Author.profile
    # cure-contains: Author.profile


def test_self_referential_children(hr_session):  # bad
    query = select(Department).where(Department.parent_id.is_not(None))
    departments = hr_session.scalars(query).all()  # parent:
    leaves = 0
    for department in departments:
        if not department.children:  # expect: QS101 Department.children
            leaves += 1
    assert leaves == 4


def test_parent_chain_walked_upwards(hr_session):  # bad
    departments = hr_session.scalars(  # parent:
        select(Department).where(~Department.children.any())
    ).all()
    paths = []
    for department in departments:
        names = [department.name]
        node = department
        while node.parent is not None:  # expect: QS101 Department.parent
            node = node.parent
            names.insert(0, node.name)
        paths.append("/".join(names))
    assert paths[0] == "company/research/research 0"


def walk(department):
    """Names of a department and all below it."""
    names = [department.name]
    for child in department.children:  # expect[tree_recursion]: QS101 Department.children
        names += walk(child)
    return names


def test_tree_recursion(hr_session):  # bad
    root = hr_session.scalars(  # parent:
        select(Department).where(Department.parent_id.is_(None))
    ).one()
    assert len(walk(root)) == 7


def render_thread(comments, depth=0):
    text = ""
    for comment in comments:
        text += " " * depth + comment.text + "\n"
        text += render_thread(comment.answers, depth + 1)  # expect[comment_thread]: QS101
    return text


def test_comment_thread(blog_sessions):  # bad
    with blog_sessions() as session:
        query = select(Comment).where(Comment.post_id == 1, Comment.parent_id.is_(None))
        roots = session.scalars(query).all()  # parent:
        assert "  answer to the answer" in render_thread(roots)


def test_two_levels_of_loops(session):  # bad
    total = Decimal(0)
    for customer in session.scalars(select(Customer)).all():  # parent:
        for order in customer.orders:  # expect: QS101 Customer.orders
            for payment in order.payments:  # expect: QS101 Order.payments
                total += payment.amount
    # cure-contains: selectinload(Customer.orders).selectinload(Order.payments)
    assert total == Decimal(80)


def test_three_levels_in_one_expression(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    bought = {
        line.product.name  # expect: QS101 Line.product
        for customer in customers
        for order in customer.orders  # expect: QS101 Customer.orders
        for line in order.lines  # expect: QS101 Order.lines
    }
    assert len(bought) == 6


def test_second_level_below_an_eager_first(session):  # bad
    orders = session.scalars(  # parent:
        select(Order).options(selectinload(Order.lines)),
    ).all()
    for order in orders:
        for line in order.lines:
            assert line.product.price > 0  # expect: QS101 Line.product
    # cure-contains: selectinload(Order.lines).joinedload(Line.product) or selectinload(Order.lines).selectinload(Line.product)


def test_sibling_of_an_eager_relationship(session):  # bad
    orders = session.scalars(  # parent:
        select(Order).options(joinedload(Order.customer)),
    ).all()
    for order in orders:
        names = [order.customer.name]
        names += [str(payment.amount) for payment in order.payments]  # expect: QS101 Order.payments
        assert len(names) == 3


def test_two_relationships_of_each_row(session):  # bad
    for order in session.scalars(select(Order)):  # parent:
        assert order.lines[0].quantity  # expect: QS101 Order.lines
        assert order.payments[0].amount  # expect: QS101 Order.payments


def test_chain_of_two_many_to_ones(session):  # bad
    lines = session.scalars(select(Line).where(Line.id.in_([1, 5, 9, 13]))).all()  # parent:
    for line in lines:
        assert line.order.customer.name  # expect: QS101 Line.order # expect: QS101 Order.customer
    # cure-contains: joinedload(Line.order).joinedload(Order.customer) or selectinload(Line.order).selectinload(Order.customer) or joinedload(Line.order).selectinload(Order.customer)


def test_legacy_query_all(school_session):  # bad
    students = school_session.query(Student).all()  # parent:
    for student in students:
        assert len(list(student.enrolments)) == 2  # expect: QS101 Student.enrolments


def test_legacy_query_iterated(school_session):  # bad
    for course in school_session.query(Course).order_by(Course.title):  # parent:
        assert course.teacher.name  # expect: QS101 Course.teacher


def test_legacy_query_filter_by(school_session):  # bad
    query = school_session.query(Enrolment).filter_by(grade=5.0)
    enrolments = query.all()  # parent:
    people = sorted(e.student.name for e in enrolments)  # expect: QS101 Enrolment.student
    assert people[0] == "student 0"


def test_legacy_backref(school_session):  # bad
    teachers = school_session.query(Teacher).order_by(Teacher.id).all()  # parent:
    load = [len(teacher.courses) for teacher in teachers]  # expect: QS101 Teacher.courses
    # allow: QS204
    assert load == [1, 1, 1]


def test_association_proxy(school_session):  # bad
    students = school_session.scalars(select(Student)).all()  # parent: Student.enrolments
    titles = set()
    for student in students:
        titles.update(c.title for c in student.courses)  # expect: QS101 Student.enrolments
    # allow: QS101
    assert len(titles) == 3


def test_association_proxy_to_a_property(school_session):  # bad
    enrolments = school_session.scalars(select(Enrolment)).all()  # parent:
    titles = {enrolment.title for enrolment in enrolments}
    assert len(titles) == 3


def test_hybrid_over_a_collection(school_session):  # bad
    students = school_session.query(Student).all()  # parent:
    averages = [student.average for student in students]
    assert averages == [4.5] * 4


def test_property_on_model(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    best = max(customers, key=lambda customer: customer.revenue)
    assert best.revenue == 20


def test_getattr_hook(music_session):  # bad
    artists = music_session.scalars(select(Artist)).all()  # parent:
    titles = [title for artist in artists for title in artist.discography]
    assert len(titles) == 6


def test_repr_method(session):  # bad
    payments = session.scalars(select(Payment).order_by(Payment.id)).all()  # parent:
    assert repr(payments).startswith("[<Payment 4.00 by 1>")


def test_str_method(session):  # bad
    orders = session.scalars(select(Order).limit(3)).all()  # parent:
    assert "\n".join(str(order) for order in orders).count("order") == 3


def test_sorted_by_a_relationship(session):  # bad
    products = session.scalars(select(Product)).all()  # parent:
    ranked = sorted(products, key=lambda p: p.category.name)  # expect: QS101 Product.category
    assert ranked[0].category.name == "coffee"


def test_map_over_parents(session):  # bad
    categories = session.scalars(select(Category)).all()  # parent:
    cheapest = map(  # noqa: C417
        lambda c: min(
            p.price
            for p in c.products  # expect: QS101 Category.products
        ),
        categories,
    )
    assert sorted(cheapest) == [1, 2, 3]


def test_any_in_a_generator(session):  # bad
    orders = session.scalars(select(Order)).all()  # parent:
    found = any(
        order.payments[0].amount > 100  # expect: QS101 Order.payments
        for order in orders
    )
    assert not found


def test_filter_builtin(session):  # bad
    customers = session.scalars(select(Customer)).all()  # parent:
    active = list(filter(lambda c: c.orders, customers))  # expect: QS101 Customer.orders
    assert len(active) == 4


def test_while_loop_over_a_stack(hr_session):  # bad
    query = select(Department).where(Department.parent_id == 1)
    stack = list(hr_session.scalars(query))  # parent:
    seen = 0
    while stack:
        department = stack.pop()
        seen += 1
        stack.extend(department.children)  # expect: QS101 Department.children
    assert seen == 6


def test_index_loop(session):  # bad
    orders = session.scalars(select(Order)).all()  # parent:
    for index in range(len(orders)):
        assert orders[index].lines[0].id  # expect: QS101 Order.lines


def test_polymorphic_base_with_a_subclass_relationship(music_session):  # bad
    media = music_session.scalars(select(Book)).all()  # parent:
    for book in media:
        assert [chapter.title for chapter in book.chapters]  # expect: QS101 Book.chapters
    # cure-contains: selectinload(Book.chapters)


def test_polymorphic_path_below_a_relationship(music_session):  # bad
    shelves = music_session.scalars(  # parent:
        select(Shelf).options(selectinload(Shelf.media)),
    ).all()
    chapters = 0
    for shelf in shelves:
        for medium in shelf.media:
            if isinstance(medium, Book):
                chapters += len([c.title for c in medium.chapters])  # expect: QS101 Book.chapters
    # cure-contains: selectinload(Shelf.media.of_type(Book)).selectinload(Book.chapters)
    assert chapters == 8


def test_relationship_of_a_single_table_subclass(hr_session):  # bad
    engineers = hr_session.scalars(select(Engineer).limit(4)).all()  # parent:
    for engineer in engineers:
        assert engineer.skills[0].name == "sql"  # expect: QS101 skills


def test_aliased_entity(music_session):  # bad
    record = aliased(Album, name="record")
    albums = music_session.scalars(select(record).where(record.id > 1)).all()  # parent:
    for album in albums:
        assert album.artist.name  # expect: QS101 Album.artist


def test_entity_among_columns(session):  # bad
    rows = session.execute(  # parent:
        select(Order, Customer.name).join(Order.customer)
    ).all()
    for order, name in rows:
        assert name
        assert order.payments[0].amount == 4  # expect: QS101 Order.payments


def test_mixin_relationship(hr_session):  # bad
    badges = hr_session.scalars(select(Badge)).all()  # parent:
    for badge in badges:
        assert badge.department.name  # expect: QS101 Badge.department


def test_self_join_boss(hr_session):  # bad
    query = select(Employee).where(Employee.boss_id.is_not(None))
    staff = hr_session.scalars(query).all()  # parent:
    bosses = {person.boss.name for person in staff}  # expect: QS101 boss
    assert len(bosses) == 7


def test_unique_results_of_a_joined_eager_load(music_session):  # bad
    artists = (
        music_session.scalars(  # parent:
            select(Artist).options(joinedload(Artist.albums)),
        )
        .unique()
        .all()
    )
    titles = []
    for artist in artists:
        for album in artist.albums:
            titles += [track.title for track in album.tracks]  # expect: QS101 Album.tracks
    # cure-contains: joinedload(Artist.albums).selectinload(Album.tracks)
    assert len(titles) == 12


def test_partitions(session):  # bad
    result = session.scalars(select(Order).execution_options(yield_per=3))  # parent:
    for block in result.partitions():
        for order in block:
            assert order.customer_id
            assert order.lines[0].quantity == 1  # expect: QS101 Order.lines


def test_legacy_dynamic_relation_iterated_per_parent(blog_sessions):  # bad
    with blog_sessions() as session:
        authors = session.scalars(select(Author)).all()
        titles = []
        for author in authors:
            titles += [d.title for d in author.drafts]  # expect: QS101|QS103|QS104
        assert len(titles) == 9


def test_dynamic_relation_filtered_per_parent(blog_sessions):  # bad
    with blog_sessions() as session:
        for author in session.query(Author).all():
            wanted = author.drafts.filter_by(title="draft 1")
            assert wanted.one().title == "draft 1"  # expect: QS103|QS101|QS104


def test_dynamic_relation_counted_per_parent(blog_sessions):  # bad
    with blog_sessions() as session:
        authors = session.scalars(select(Author)).all()
        counts = [author.drafts.count() for author in authors]  # expect: QS103|QS101|QS104
        assert counts == [3, 3, 3]


def test_write_only_relation_selected_per_parent(blog_sessions):  # bad
    with blog_sessions() as session:
        pages = []
        for author in session.scalars(select(Author)).all():
            pages += session.scalars(author.visits.select()).all()  # expect: QS103|QS101|QS104
        assert len(pages) == 9


def test_loop_over_posts_of_one_author(blog_sessions):  # bad
    with blog_sessions() as session:
        author = session.get(Author, 1)
        texts = []
        for post in author.posts:  # parent:
            texts += [c.text for c in post.comments]  # expect: QS101 Post.comments
        assert len(texts) == 8


def test_nested_loop_over_comments(blog_sessions):  # bad
    with blog_sessions() as session:
        posts = session.scalars(select(Post).where(Post.views >= 10)).all()  # parent:
        authors = set()
        for post in posts:
            authors.add(post.author.name)  # expect: QS101 Post.author
            for comment in post.comments:  # expect: QS101 Post.comments
                assert comment.text
        assert len(authors) == 2


class Routed(Session):
    """Sends every statement to the replica that is nearest."""

    def execute(self, *args, **kwargs):
        return super().execute(*args, **kwargs)


def test_session_that_overrides_execute(shop_engine):  # bad
    with Routed(shop_engine) as session:
        customers = session.scalars(select(Customer)).all()  # parent:
        streets = []
        for customer in customers:
            streets += customer.addresses  # expect: QS101 Customer.addresses
    # cure-contains: selectinload(Customer.addresses)
    assert streets
