"""What the tests share: the client, and what it says of a refusal."""

import unittest

from polar_sdk import Polar, models

from own import TOKEN, URL


def named(name):
    """The filter for events of that name."""
    clause = models.FilterClause(property="name", operator=models.FilterOperator.EQ, value=name)
    return models.Filter(conjunction=models.FilterConjunction.AND, clauses=[clause])


def pages(response):
    """All items, page by page, by the client's own way to the next page."""
    while response is not None:
        yield from response.result.items
        response = response.next()


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.polar = cls.enterClassContext(Polar(access_token=TOKEN, server_url=URL))

    @classmethod
    def ingest(cls, *events):
        return cls.polar.events.ingest(request=models.EventsIngest(events=list(events)))

    def refusal(self, call):
        """The only fault of a request that is refused with 422."""
        with self.assertRaises(models.HTTPValidationError) as refused:
            call()
        self.assertEqual(refused.exception.status_code, 422)
        [fault] = refused.exception.data.detail
        return fault.loc, fault.type

    def assert_not_found(self, *calls):
        for call in calls:
            with self.assertRaises(models.ResourceNotFound) as refused:
                call()
            self.assertEqual(refused.exception.status_code, 404)
            self.assertEqual(refused.exception.data.ERROR, "ResourceNotFound")
