"""Rows for the blog's tests."""

from sqlalchemy.orm import Session

from blog.models import Author, Comment, Draft, Post, Profile, Tag, Visit


def seed(session: Session, *, authors: int = 3) -> None:
    """Three authors with two posts each, a thread of comments below each post."""
    tags = [Tag(name=name) for name in ("python", "sql", "life")]
    for number in range(authors):
        author = Author(name=f"author {number}", profile=Profile(bio=f"bio {number}"))
        session.add(author)
        for serial in range(2):
            post = Post(author=author, title=f"post {number}.{serial}", views=10 * number)
            session.add(post)
            post.tags = [tags[number % 3], tags[(number + serial + 1) % 3]]
            root = Comment(text="first")
            answer = Comment(text="answer", parent=root)
            last = Comment(text="answer to the answer", parent=answer)
            post.comments = [root, answer, last, Comment(text="second")]
        session.flush()
        session.add_all(Draft(author_id=author.id, title=f"draft {n}") for n in range(3))
        session.add_all(Visit(author_id=author.id, page=f"/{n}") for n in range(3))
    session.commit()
