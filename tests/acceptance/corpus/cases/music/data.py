"""Rows for the library's tests."""

from sqlalchemy.orm import Session

from music.models import Album, Artist, Book, Chapter, Film, Shelf, Track


def seed(session: Session, *, artists: int = 3) -> None:
    """Three artists, two albums each, two tracks each; a shelf of books and films."""
    for number in range(artists):
        artist = Artist(name=f"artist {number}")
        for serial in range(2):
            album = Album(title=f"album {number}.{serial}")
            album.tracks = [Track(title=f"track {n}", lyrics=f"song {n}") for n in range(2)]
            artist.albums.append(album)
        session.add(artist)
    for number in range(2):
        shelf = Shelf(place=f"row {number}")
        for serial in range(2):
            book = Book(title=f"book {serial}", pages=100 + serial)
            book.chapters = [Chapter(title="one"), Chapter(title="two")]
            shelf.media += [book, Film(title=f"film {serial}", minutes=90 + serial)]
        session.add(shelf)
    session.commit()
