"""What the tests share: the client of each version of the API, and what it says of a refusal."""

from datetime import datetime

from polar import v2026_04, v2026_10, v2027_01
from polar.v2026_04 import errors as errors_2026_04
from polar.v2026_04 import webhooks as webhooks_2026_04
from polar.v2026_10 import errors as errors_2026_10
from polar.v2026_10 import webhooks as webhooks_2026_10
from polar.v2027_01 import errors as errors_2027_01
from polar.v2027_01 import webhooks as webhooks_2027_01

from own import TOKEN, URL


def named(name):
    """The filter for events of that name."""
    return {"conjunction": "and", "clauses": [{"property": "name", "operator": "eq", "value": name}]}


def instant(text):
    return datetime.fromisoformat(text)


class Client:
    """Tests with a client; a subclass for each version names `sdk`, its `errors` and `webhooks`, and its `version`."""

    @classmethod
    def setUpClass(cls):
        cls.polar = cls.enterClassContext(cls.sdk.Polar(access_token=TOKEN, base_url=URL))

    def refusal(self, call):
        """The only fault of a request that is refused with 422."""
        with self.assertRaises(self.errors.HTTPValidationError) as refused:
            call()
        self.assertEqual(refused.exception.status_code, 422)
        [fault] = refused.exception.error.detail
        return fault.loc, fault.type

    def assert_not_found(self, *calls):
        for call in calls:
            with self.assertRaises(self.errors.ResourceNotFound) as refused:
                call()
            self.assertEqual(refused.exception.status_code, 404)
            self.assertEqual(refused.exception.error.error, "ResourceNotFound")


class Version202604:
    sdk, errors, webhooks, version = v2026_04, errors_2026_04, webhooks_2026_04, "2026-04"


class Version202610:
    sdk, errors, webhooks, version = v2026_10, errors_2026_10, webhooks_2026_10, "2026-10"


class Version202701:
    sdk, errors, webhooks, version = v2027_01, errors_2027_01, webhooks_2027_01, "2027-01"
