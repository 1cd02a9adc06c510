
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='drawingsettings',
            name='gpt_max_tokens',
            field=models.PositiveIntegerField(default=2048, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)], verbose_name='GPT tokens at most'),
        ),
        migrations.AlterField(
            model_name='drawingsettings',
            name='keep_tasks_days',
            field=models.PositiveIntegerField(default=0, help_text='Delete finished tasks after so many days; 0 keeps them.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(3650)]),
        ),
        migrations.AlterField(
            model_name='drawingsettings',
            name='window_minutes',
            field=models.PositiveIntegerField(default=30, help_text='A window that nobody answers for so long ends its task.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10080)]),
        ),
    ]
