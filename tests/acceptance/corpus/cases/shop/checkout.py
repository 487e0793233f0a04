"""The shop's checkout: reads what it read a moment ago, and more than it needs."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload, subqueryload

from shop.models import Customer, Line, Order, Payment, Product


def order_lines(session: Session, order_id: int) -> list[tuple[str, int]]:
    query = select(Product.name, Line.quantity).join(Line.product)
    rows = session.execute(  # either[duplicate_read_through_helpers]: QS201
        query.where(Line.order_id == order_id)
    ).all()
    return [(name, quantity) for name, quantity in rows]


def weight(session: Session, order_id: int) -> int:
    return sum(
        quantity
        for _, quantity in order_lines(
            session, order_id
        )  # either[duplicate_read_through_helpers]: QS201
    )


def packing_slip(session: Session, order_id: int) -> str:
    grams = weight(session, order_id)  # either[duplicate_read_through_helpers]: QS201
    names = [
        name for name, _ in order_lines(session, order_id)
    ]  # either[duplicate_read_through_helpers]: QS201
    return f"{', '.join(names)}: {grams} g"


def confirm(session: Session, order_id: int) -> str:
    status = session.scalar(  # either[duplicate_read_in_one_function]: QS201
        select(Order.status).where(Order.id == order_id)
    )
    if status != "open":
        return "too late"
    owed = session.scalar(select(Order.total).where(Order.id == order_id))
    again = session.scalar(  # either[duplicate_read_in_one_function]: QS201
        select(Order.status).where(Order.id == order_id)
    )
    return f"{again}: {owed}"


def totals(session: Session) -> list[Decimal]:
    query = select(Order).options(selectinload(Order.lines))
    return [
        order.total
        for order in session.scalars(query)  # expect[unused_selectinload]: QS202 Order.lines
    ]


def statuses(session: Session) -> set[str]:
    query = select(Order).options(joinedload(Order.customer))
    orders = session.scalars(query).all()  # expect[unused_joinedload]: QS202 Order.customer
    return {order.status for order in orders}


def names(session: Session) -> list[str]:
    query = select(Customer).options(subqueryload(Customer.addresses))
    people = session.scalars(query).all()  # expect[unused_subqueryload]: QS202 Customer.addresses
    return [person.name for person in people]


def quantities(session: Session) -> int:
    query = select(Order).options(selectinload(Order.lines).joinedload(Line.product))
    orders = session.scalars(query).all()  # expect[unused_second_level]: QS202 Line.product
    return sum(line.quantity for order in orders for line in order.lines)


def balance(session: Session) -> Decimal:
    query = select(Order).options(joinedload(Order.lines), joinedload(Order.payments))
    due = Decimal(0)
    orders = session.scalars(query).unique().all()  # expect[cartesian_joinedloads]: QS203
    for order in orders:
        due += sum(line.quantity for line in order.lines)
        due -= sum(payment.amount for payment in order.payments)
    return due


def joined_report(session: Session) -> int:
    query = (
        select(Order.id, Line.quantity, Payment.amount)
        .join(Line, Line.order_id == Order.id)
        .join(Payment, Payment.order_id == Order.id)
    )
    rows = session.execute(query).all()  # expect[cartesian_joins]: QS203
    return len({key for key, _, _ in rows})


def how_many(session: Session) -> int:
    return len(session.scalars(select(Line)).all())  # expect[rows_loaded_to_count]: QS204
