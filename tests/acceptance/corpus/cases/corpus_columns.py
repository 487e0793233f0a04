"""Columns loaded row by row."""

from hr.models import Employee, Engineer, Manager
from music.models import Album, Artist, Book, Film, Medium, Shelf, Track
from school.models import Room, Student
from shop.models import Customer, Order, Product
from sqlalchemy import select
from sqlalchemy.orm import defer, load_only


def test_deferred_column(session):  # bad
    products = session.scalars(select(Product)).all()  # parent:
    words = 0
    for product in products:
        words += len(product.description.split())  # expect: QS102 Product.description
    # cure-contains: undefer(Product.description)
    assert words == 24


def test_deferred_by_option(school_session):  # bad
    students = school_session.scalars(  # parent:
        select(Student).options(defer(Student.born)),
    ).all()
    assert [s.born.year for s in students] == [2000] * 4  # expect: QS102 Student.born


def test_load_only_too_little(session):  # bad
    query = select(Customer).options(load_only(Customer.name))
    customers = session.scalars(query).all()  # parent:
    for customer in customers:
        assert customer.city == "Zürich"  # expect: QS102 Customer.city


def test_deferred_group(music_session):  # bad
    albums = music_session.scalars(select(Album)).all()  # parent:
    for album in albums:
        assert len(album.cover) + len(album.booklet) == 7  # expect: QS102


def test_deferred_column_property(music_session):  # bad
    albums = music_session.scalars(select(Album)).all()  # parent:
    for album in albums:
        assert album.length == 360  # expect: QS102 Album.length
    # cure-contains: undefer(Album.length)


def test_deferred_column_of_eager_rows(music_session):  # bad
    tracks = music_session.query(Track).filter(Track.title == "track 0").all()  # parent:
    lyrics = [track.lyrics for track in tracks]  # expect: QS102 Track.lyrics
    assert lyrics == ["song 0"] * 6


def test_joined_subclass_columns(music_session):  # bad
    media = music_session.scalars(select(Medium).order_by(Medium.id)).all()  # parent:
    pages = 0
    for medium in media:
        if isinstance(medium, Book):
            pages += medium.pages  # expect: QS102 pages
    # cure-contains: selectin_polymorphic( or with_polymorphic(
    assert pages == 402


def test_two_joined_subclasses(music_session):  # bad
    media = music_session.scalars(select(Medium)).all()  # parent:
    for medium in media:
        if medium.kind == "book":
            assert medium.pages >= 100  # expect: QS102
        else:
            assert medium.minutes >= 90  # expect: QS102
    # cure-contains: selectin_polymorphic( or with_polymorphic(


def test_subclass_columns_below_a_relationship(music_session):  # bad
    shelf = music_session.scalars(select(Shelf).where(Shelf.place == "row 0")).one()
    minutes = 0
    for medium in shelf.media:
        if isinstance(medium, Film):
            minutes += medium.minutes  # expect: QS102
    shelf = music_session.scalars(select(Shelf).where(Shelf.place == "row 1")).one()
    for medium in shelf.media:
        if isinstance(medium, Film):
            minutes += medium.minutes  # allow: QS102|QS101
    assert minutes == 362


def test_single_table_subclass_columns(hr_session):  # bad
    staff = hr_session.scalars(select(Employee)).all()  # parent:
    bonuses = 0
    for person in staff:
        if isinstance(person, Manager):
            bonuses += person.bonus  # expect: QS102
    # cure-contains: selectin_polymorphic( or with_polymorphic(
    assert bonuses == 7000


def test_single_table_subclass_columns_in_a_generator(hr_session):  # bad
    staff = hr_session.query(Employee).order_by(Employee.id).all()  # parent:
    languages = {
        person.language  # expect: QS102
        for person in staff
        if isinstance(person, Engineer)
    }
    assert languages == {"Python"}


def test_expired_after_commit(session):  # bad
    orders = session.scalars(select(Order)).all()  # parent:
    session.get(Customer, 1).city = "Genf"
    session.commit()
    statuses = [order.status for order in orders]  # expect: QS102
    # cure-contains: expire_on_commit=False
    assert statuses == ["open"] * 8


def test_expired_after_commit_of_new_objects(school_session):  # bad
    rooms = [Room(name=f"lab {number}") for number in range(5)]
    school_session.add_all(rooms)
    school_session.commit()
    ids = {room.name: room.id for room in rooms}  # expect: QS102
    assert len(ids) == 5


def test_expire_all(session):  # bad
    customers = session.scalars(select(Customer)).all()
    session.expire_all()
    for customer in customers:
        assert customer.name  # expect: QS102


def test_expired_after_rollback(session):  # bad
    customers = session.query(Customer).all()
    customers[0].name = "nobody"
    session.rollback()
    names = [customer.name for customer in customers]  # expect: QS102
    assert "nobody" not in names


def refresh_all(session, things):
    for thing in things:
        session.refresh(thing)  # expect[refresh_in_a_loop]: QS102


def test_refresh_in_a_loop(session):  # bad
    orders = session.scalars(select(Order)).all()
    refresh_all(session, orders)
    assert {order.status for order in orders} == {"open"}


def test_refresh_after_adding_each(session):  # bad
    names = ["Anna", "Bea", "Cleo"]
    people = [Customer(name=name) for name in names]
    session.add_all(people)
    session.flush()
    for person in people:
        session.refresh(person)  # expect: QS102
    assert [person.city for person in people] == ["Zürich"] * 3


def test_server_side_of_refresh_with_names(music_session):  # bad
    artists = music_session.scalars(select(Artist)).all()
    for artist in artists:
        music_session.refresh(artist, ["name"])  # expect: QS102
    assert len(artists) == 3
