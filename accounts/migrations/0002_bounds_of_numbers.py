
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='discordaccount',
            name='core_size',
            field=models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='running at once'),
        ),
        migrations.AlterField(
            model_name='discordaccount',
            name='day_draw_limit',
            field=models.IntegerField(default=-1, help_text='-1: no limit.', validators=[django.core.validators.MinValueValidator(-1), django.core.validators.MaxValueValidator(1000000)], verbose_name='drawings a day'),
        ),
        migrations.AlterField(
            model_name='discordaccount',
            name='max_queue_size',
            field=models.PositiveIntegerField(default=100, help_text='0: no limit.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100000)], verbose_name='waiting at most'),
        ),
        migrations.AlterField(
            model_name='discordaccount',
            name='sort',
            field=models.IntegerField(default=0, validators=[django.core.validators.MinValueValidator(-1000000), django.core.validators.MaxValueValidator(1000000)]),
        ),
        migrations.AlterField(
            model_name='discordaccount',
            name='timeout_minutes',
            field=models.PositiveSmallIntegerField(default=10, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)]),
        ),
        migrations.AlterField(
            model_name='discordaccount',
            name='weight',
            field=models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1000)]),
        ),
        migrations.AlterField(
            model_name='domaintag',
            name='sort',
            field=models.IntegerField(default=0, validators=[django.core.validators.MinValueValidator(-1000000), django.core.validators.MaxValueValidator(1000000)]),
        ),
        migrations.AlterField(
            model_name='domaintag',
            name='weight',
            field=models.IntegerField(default=0, validators=[django.core.validators.MinValueValidator(-1000), django.core.validators.MaxValueValidator(1000)]),
        ),
        migrations.AlterField(
            model_name='poolsettings',
            name='waiting_per_user',
            field=models.PositiveIntegerField(default=0, help_text='Keeps one user from filling the queues of all accounts. 0: no limit.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100000)], verbose_name='waiting at most for one user'),
        ),
    ]
